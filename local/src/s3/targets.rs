//! What a request may name where S3 wants a bucket: a bucket, or the alias of an access point.

use std::{collections::BTreeMap, sync::Arc};

use s3s::{S3Result, s3_error};
use sam_template::{ACCOUNT, AccessPoint, PARTITION, REGION};

use super::store::Store;

/// A bucket, and the way that a request took to it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) store: Arc<Store>,
    /// What its ARNs begin with.
    arn: String,
    /// What stands between that and a key.
    separator: &'static str,
}

/// All targets by their names.
#[derive(Debug)]
pub(crate) struct Targets(BTreeMap<String, Target>);

impl Target {
    /// The resource of what concerns the whole bucket.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// The resource of what concerns one object.
    pub(crate) fn object_arn(&self, key: &str) -> String {
        format!("{}{}{key}", self.arn, self.separator)
    }
}

impl Targets {
    /// The names of all buckets, in their order.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter();
        names
            .filter(|(name, target)| **name == target.store.config.name)
            .map(|(name, _)| name.as_str())
    }

    pub(crate) fn new(stores: Vec<Arc<Store>>, access_points: &[AccessPoint]) -> Self {
        let mut targets = BTreeMap::new();
        for store in stores {
            let name = store.config.name.clone();
            for point in access_points.iter().filter(|point| point.bucket == name) {
                let arn = format!(
                    "arn:{PARTITION}:s3:{REGION}:{ACCOUNT}:accesspoint/{}",
                    point.name
                );
                let target = Target {
                    store: Arc::clone(&store),
                    arn: arn.clone(),
                    separator: "/object/",
                };
                // A copy may name its source by the ARN.
                targets.insert(arn, target.clone());
                targets.insert(point.alias.clone(), target);
            }
            let target = Target {
                arn: format!("arn:{PARTITION}:s3:::{name}"),
                separator: "/",
                store,
            };
            targets.insert(name, target);
        }
        Self(targets)
    }

    /// The names that requests use: of buckets, and aliases and ARNs of access points.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Target> {
        self.0.get(name)
    }

    pub(crate) fn get(&self, name: &str) -> S3Result<&Target> {
        self.find(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }
}
