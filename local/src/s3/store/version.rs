//! The records of object versions and of multipart uploads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::s3::checksum::{Algorithm, Checksum};

/// The version id in a bucket without versioning.
pub(crate) const NULL_VERSION: &str = "null";

/// One version of an object, or a delete marker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Increases with each version. The version with the highest number is the current one.
    pub(crate) sequence: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) modified: OffsetDateTime,
    /// `None` for a delete marker.
    pub(crate) object: Option<Object>,
    /// The multipart upload that created it.
    pub(crate) upload_id: Option<String>,
    /// The name of the record's file.
    pub(crate) record: String,
}

/// An object without its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// The files with its bytes, in order.
    pub(crate) segments: Vec<Segment>,
    #[serde(rename = "about")]
    pub(crate) headers: ObjectHeaders,
    pub(crate) checksum: Option<Checksum>,
    /// The number of parts of the multipart upload that created it.
    pub(crate) parts: Option<usize>,
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: bool,
}

/// A file with bytes of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) file: String,
    pub(crate) size: u64,
}

/// The headers and the metadata that are stored with an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectHeaders {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) content_type: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) expires: Option<OffsetDateTime>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The period in which a version cannot be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) mode: Mode,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) until: OffsetDateTime,
}

/// The mode of a retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// No user can end it early.
    Compliance,
    /// Users with `s3:BypassGovernanceRetention` can end it early.
    Governance,
}

/// The lock of a new object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) retention: Option<Retention>,
    pub(crate) legal_hold: bool,
}

/// A multipart upload that is neither completed nor aborted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) initiated: OffsetDateTime,
    #[serde(rename = "about")]
    pub(crate) headers: ObjectHeaders,
    pub(crate) lock: Lock,
    /// The checksum algorithm of its parts, and whether the object's checksum is composite.
    pub(crate) checksum: Option<(Algorithm, bool)>,
    /// The parts by number. Each has its own file, so that adding a part does not rewrite the others.
    #[serde(skip)]
    pub(crate) parts: BTreeMap<i32, Part>,
}

/// One part of a multipart upload.
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
    /// Whether the object cannot be deleted at `now`. `bypass` ignores a governance retention.
    pub(crate) fn is_locked(&self, now: OffsetDateTime, bypass: bool) -> bool {
        let retained = self.retention.as_ref().is_some_and(|retention| {
            retention.until > now && !(bypass && retention.mode == Mode::Governance)
        });
        retained || self.legal_hold
    }
}
