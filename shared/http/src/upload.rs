use domain::{Upload, upload::Size};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Problem, Timestamp};

/// An upload: a file and its state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
#[serde(rename_all = "camelCase")]
pub struct UploadView {
    #[schema(format = "uuid")]
    id: String,
    filename: String,
    content_type: String,
    /// The size in bytes; null until it is known.
    size: Option<u64>,
    /// The SHA-256 that was sent when the upload was created; null if none was. S3 checks it.
    sha256: Option<String>,
    /// `pending`: S3 does not have the file yet. `stored`: it can be downloaded. `failed`: create a new upload. `deleted`: it
    /// can be restored for a while.
    #[schema(pattern = "^(pending|stored|failed|deleted)$")]
    status: &'static str,
    created_at: Timestamp,
    /// When S3 received the file; null before.
    stored_at: Option<Timestamp>,
}

impl From<&Upload> for UploadView {
    fn from(upload: &Upload) -> Self {
        Self {
            id: upload.id.to_string(),
            filename: upload.filename.as_str().to_owned(),
            content_type: upload.content_type.as_str().to_owned(),
            size: upload.known_size().map(Size::bytes),
            sha256: upload
                .sha256
                .as_ref()
                .map(|digest| digest.as_str().to_owned()),
            status: upload.status().as_str(),
            created_at: Timestamp(upload.created_at),
            stored_at: upload.state.file().map(|file| Timestamp(file.stored_at)),
        }
    }
}

impl Problem {
    /// 409: the upload is locked, and the lock has not ended.
    #[must_use]
    pub const fn upload_locked() -> Self {
        let detail = "This upload is locked: it cannot be deleted, and its lock cannot be shortened. Wait until the lock \
                      ends.";
        Self::new(StatusCode::CONFLICT, "upload_locked", detail)
    }

    /// 409: the upload is not stored.
    #[must_use]
    pub const fn upload_not_stored() -> Self {
        let detail = "This upload is pending, failed or deleted. Only a stored upload can be changed this way.";
        Self::new(StatusCode::CONFLICT, "upload_not_stored", detail)
    }
}
