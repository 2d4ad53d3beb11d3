//! What is kept about an object, and about an upload in parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::s3::checksum::{Algorithm, Checksum};

/// The id of the one version that a bucket without versions keeps.
pub(crate) const NULL_VERSION: &str = "null";

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Grows with each version; the highest of a key is the current one.
    pub(crate) sequence: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) modified: OffsetDateTime,
    /// Absent in a delete marker.
    pub(crate) object: Option<Object>,
    /// The upload that it was completed from.
    pub(crate) upload_id: Option<String>,
    /// The name of the file that holds this.
    pub(crate) record: String,
}

/// An object without its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Its bytes, in order.
    pub(crate) segments: Vec<Segment>,
    pub(crate) about: About,
    pub(crate) checksum: Option<Checksum>,
    /// How many parts it was completed from.
    pub(crate) parts: Option<usize>,
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: bool,
}

/// A file of bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) file: String,
    pub(crate) size: u64,
}

/// What the one who stores an object says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) content_type: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) expires: Option<OffsetDateTime>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// How long a version cannot be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) mode: Mode,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) until: OffsetDateTime,
}

/// Who may end a retention early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// Nobody.
    Compliance,
    /// Whoever has the right to.
    Governance,
}

/// A lock that an object begins with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: bool,
}

/// An upload in parts that is neither completed nor aborted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) initiated: OffsetDateTime,
    pub(crate) about: About,
    pub(crate) lock: Lock,
    /// How its parts are summed, and whether the sum is of their sums.
    pub(crate) checksum: Option<(Algorithm, bool)>,
    /// By number. Each is a file of its own, so that 10,000 of them are written once.
    #[serde(skip)]
    pub(crate) parts: BTreeMap<i32, Part>,
}

/// One part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: i32,
    pub(crate) etag: String,
    pub(crate) segment: Segment,
    pub(crate) checksum: Option<Checksum>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) modified: OffsetDateTime,
}

impl Object {
    /// Whether it cannot be deleted at `now`, by one who may or may not `bypass` governance.
    pub(crate) fn is_locked(&self, now: OffsetDateTime, bypass: bool) -> bool {
        let retained = self.retention.as_ref().is_some_and(|retention| {
            retention.until > now && !(bypass && retention.mode == Mode::Governance)
        });
        retained || self.legal_hold
    }
}
