//! Publishes "Object Created" events to `EventBridge`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use s3s::S3Request;
use sam_template::{ACCOUNT, PARTITION, REGION};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{
    Service,
    store::{NULL_VERSION, Store, Version},
};
use crate::peer::Peer;

/// The id of a request, in its response and its events.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Marks a form request whose response is a redirect.
#[derive(Debug, Clone)]
pub(crate) struct Redirects;

/// The operation that created an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Put,
    Post,
    Copy,
    Complete,
}

/// The request id and the client address of a request.
#[derive(Debug)]
pub(crate) struct Source {
    request_id: String,
    address: String,
}

impl Source {
    pub(crate) fn of<T>(request: &S3Request<T>) -> Self {
        let extensions = &request.extensions;
        let id = extensions.get::<RequestId>().map(|id| id.0.clone());
        let peer = extensions.get::<axum::extract::ConnectInfo<Peer>>();
        Self {
            request_id: id.unwrap_or_default(),
            address: peer.map(|peer| peer.0.0.to_string()).unwrap_or_default(),
        }
    }
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Self::Put => "PutObject",
            Self::Post => "POST Object",
            Self::Copy => "CopyObject",
            Self::Complete => "CompleteMultipartUpload",
        }
    }
}

impl Service {
    /// Publishes an event for `version`, if its bucket sends events.
    pub(crate) fn created(
        &self,
        store: &Store,
        version: &Version,
        source: &Source,
        reason: Reason,
    ) {
        if store.config.events {
            self.events
                .publish(&event(&store.config.name, version, source, reason));
        }
    }
}

fn event(bucket: &str, version: &Version, source: &Source, reason: Reason) -> Value {
    let mut object = json!({
        "key": version.key,
        "size": version.object.as_ref().map(|object| object.size),
        "etag": version.object.as_ref().map(|object| &object.etag),
        "sequencer": format!("{:018X}", version.sequence),
    });
    if version.id != NULL_VERSION {
        object["version-id"] = json!(version.id);
    }
    let time = version
        .modified
        .replace_nanosecond(0)
        .unwrap_or(version.modified);
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "region": REGION,
        "resources": [format!("arn:{PARTITION}:s3:::{bucket}")],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": object,
            "request-id": source.request_id,
            "requester": ACCOUNT,
            "source-ip-address": source.address,
            "reason": reason.name(),
        },
    })
}
