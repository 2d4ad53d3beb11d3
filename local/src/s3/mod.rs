//! The embedded object store. s3s reads requests and checks their signatures; what is stored, and
//! who may, is ours.

mod about;
mod body;
mod checksum;
mod complete;
mod conditions;
mod copy;
mod cors;
mod drain;
mod error;
mod events;
mod front;
mod gate;
mod list;
mod lock;
mod multipart;
mod needs;
mod page;
mod ranges;
mod read;
mod refuse;
mod service;
mod store;
mod targets;
mod words;
mod write;

use std::{io, path::Path, sync::Arc};

use axum::Router;
use domain::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::service::S3ServiceBuilder;
use sam_template::{AccessPoint, Bucket};

use self::{front::Front, gate::Gate, store::Store, targets::Targets};
use crate::{events::Bus, guard::Guard, iam::Principals};

/// The buckets of a system.
pub(crate) struct S3 {
    service: Service,
}

/// What handles the operations.
#[derive(Clone)]
struct Service {
    gate: Gate,
    events: Bus,
    /// Where the engine is reached, without a trailing slash.
    url: String,
}

impl S3 {
    /// Opens the buckets in `directory`, one directory each, to be reached at `url`.
    pub(crate) fn open(
        directory: &Path,
        buckets: &[Bucket],
        access_points: &[AccessPoint],
        principals: Arc<Principals>,
        clock: &Clock,
        events: Bus,
        url: String,
    ) -> io::Result<Self> {
        let stores: io::Result<Vec<_>> = buckets
            .iter()
            .map(|bucket| {
                let store =
                    Store::open(&directory.join(&bucket.name), bucket.clone(), clock.clone());
                store.map(Arc::new)
            })
            .collect();
        let gate = Gate {
            principals,
            targets: Arc::new(Targets::new(stores?, access_points)),
        };
        Ok(Self {
            service: Service { gate, events, url },
        })
    }

    /// The buckets as an HTTP service.
    pub(crate) fn into_router(self, guard: Guard) -> Router {
        let gate = self.service.gate.clone();
        let mut builder = S3ServiceBuilder::new(self.service);
        builder.set_auth(gate.clone());
        builder.set_access(gate.clone());
        builder.set_host(front::Hosts);
        let targets = Arc::clone(&gate.targets);
        let router = Front::new(builder.build(), gate.targets).into_router();
        guard.s3(router, targets.names())
    }
}

impl Service {
    /// The URL of an object.
    fn location(&self, bucket: &str, key: &str) -> String {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
        format!("{}/{bucket}/{key}", self.url)
    }
}
