//! The S3 engine. The crate s3s parses requests and verifies their signatures; this module stores objects and checks
//! permissions. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

mod body;
mod checksum;
mod complete;
mod conditions;
mod configuration;
mod copy;
mod cors;
mod delete;
mod drain;
mod error;
mod error_texts;
mod events;
mod front;
mod gate;
mod list;
mod lock;
mod multipart;
mod needs;
mod object_headers;
mod page;
mod ranges;
mod read;
mod refuse;
mod service;
mod store;
mod targets;
mod write;

use std::{io, path::Path, sync::Arc};

use axum::Router;
use clock::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::service::S3ServiceBuilder;
use sam_template::{AccessPoint, Bucket};

use self::{front::Front, gate::Gate, store::Store, targets::Targets};
use crate::{events::Bus, guard::Guard, iam::Principals, origins::Origins};

/// The S3 engine.
pub(crate) struct S3 {
    service: Service,
}

/// Handles the operations.
#[derive(Clone)]
struct Service {
    gate: Gate,
    events: Bus,
    /// The engine's URL without a trailing slash.
    url: String,
}

impl S3 {
    /// Opens the buckets in `directory`, one subdirectory each. `url` is the engine's URL.
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

    /// Returns the HTTP service.
    pub(crate) fn into_router(self, guard: Guard, origins: Origins) -> Router {
        let gate = self.service.gate.clone();
        let mut builder = S3ServiceBuilder::new(self.service);
        builder.set_auth(gate.clone());
        builder.set_access(gate.clone());
        builder.set_host(front::Hosts);
        let targets = Arc::clone(&gate.targets);
        let router = Front::new(builder.build(), gate.targets, origins).into_router();
        guard.s3(router, targets.names())
    }
}

impl Service {
    /// Returns the URL of an object.
    fn location(&self, bucket: &str, key: &str) -> String {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
        format!("{}/{bucket}/{key}", self.url)
    }
}
