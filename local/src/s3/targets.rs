//! The targets of requests: buckets, and access points by alias or ARN.

use std::{collections::BTreeMap, sync::Arc};

use s3s::{S3Result, s3_error};
use sam_template::{ACCOUNT, AccessPoint, PARTITION, REGION};

use super::store::Store;

/// A bucket, reached directly or through an access point.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) store: Arc<Store>,
    /// The ARN of the bucket or the access point.
    arn: String,
    /// The text between the ARN and a key in an object's ARN.
    separator: &'static str,
}

/// All targets by their names.
#[derive(Debug)]
pub(crate) struct Targets(BTreeMap<String, Target>);

impl Target {
    /// Returns the resource of actions on the bucket.
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the resource of actions on an object.
    pub(crate) fn object_arn(&self, key: &str) -> String {
        format!("{}{}{key}", self.arn, self.separator)
    }
}

impl Targets {
    /// Lists all buckets, sorted by name.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = &Store> {
        let targets = self.0.iter();
        targets
            .filter(|(name, target)| **name == target.store.config.name)
            .map(|(_, target)| &*target.store)
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
                // A copy can name its source by ARN.
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

    /// Lists the names that requests use: bucket names, and aliases and ARNs of access points.
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
