use domain::{Name, Upload, UserId, upload::PartPlan};
use http_api::{Timestamp, UploadView};
use serde::Serialize;
use storage::Presigned;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A response with an upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadResponse {
    /// The upload.
    pub upload: UploadView,
}

/// An upload, with its download if it is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct GetUploadResponse {
    /// The upload.
    pub upload: UploadView,
    /// The download. Present if the upload is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub download: Option<Download>,
    /// The download of the thumbnail. Present if the upload is stored and a thumbnail was announced. S3 answers 404 if the
    /// thumbnail was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub thumbnail: Option<Download>,
}

/// An upload in a list, with its sharing if another user shares it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedUpload {
    #[serde(flatten)]
    upload: UploadView,
    /// The owner. Present if the upload is another user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_by: Option<Sharer>,
    /// When it was shared with the caller. Present if the upload is another user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_at: Option<Timestamp>,
    /// The download of the thumbnail. Present if the upload is stored and a thumbnail was announced. S3 answers 404 if the
    /// thumbnail was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    thumbnail: Option<Download>,
}

/// The owner of a shared upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sharer {
    /// The id of the user.
    #[schema(format = "uuid")]
    id: String,
    /// The name of the user; null if the account is deleted.
    name: Option<String>,
}

impl Sharer {
    /// Creates the view of an owner; `name` is `None` if the account is deleted.
    pub fn new(id: UserId, name: Option<&Name>) -> Self {
        Self {
            id: id.to_string(),
            name: name.map(|name| name.as_str().to_owned()),
        }
    }
}

impl ListedUpload {
    /// An upload, without its sharing.
    pub const fn new(upload: UploadView, thumbnail: Option<Download>) -> Self {
        Self {
            upload,
            shared_by: None,
            shared_at: None,
            thumbnail,
        }
    }

    /// Adds the owner and the time of sharing of another user's upload.
    pub fn shared_by(self, by: Sharer, at: Timestamp) -> Self {
        Self {
            shared_by: Some(by),
            shared_at: Some(at),
            ..self
        }
    }
}

/// A download. It needs only the URL, so treat the URL as a secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The presigned URL of a GET request.
    #[schema(format = "uri")]
    url: String,
    /// When the URL expires.
    expires_at: Timestamp,
}

/// A created upload, and how to send its file to S3.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUploadResponse {
    /// The created upload.
    pub upload: UploadView,
    /// How to send the file to S3.
    pub transfer: TransferView,
    /// How to send the thumbnail to S3. Present if one was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub thumbnail_transfer: Option<ThumbnailTransfer>,
}

/// How to send a thumbnail to S3: with one presigned PUT request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThumbnailTransfer {
    /// The URL of the PUT request.
    #[schema(format = "uri")]
    url: String,
    /// The headers of the PUT request. Send them unchanged.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// When the URL expires.
    expires_at: Timestamp,
}

/// How to send a file to S3.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
#[serde(tag = "method")]
pub enum TransferView {
    /// With one presigned PUT request.
    #[serde(rename = "PUT", rename_all = "camelCase")]
    Put {
        /// The URL of the PUT request.
        #[schema(format = "uri")]
        url: String,
        /// The headers of the PUT request. Send them unchanged. Browsers add the signed `content-length` and `host`
        /// themselves.
        #[schema(value_type = std::collections::BTreeMap<String, String>)]
        headers: Headers,
        /// When the URL expires.
        expires_at: Timestamp,
    },
    /// In parts, which `POST /uploads/{id}/parts` signs.
    #[serde(rename = "MULTIPART", rename_all = "camelCase")]
    Multipart {
        /// The size in bytes of every part but the last.
        part_size: u64,
        /// The number of parts. Part numbers start with 1.
        part_count: u64,
        /// When the upload is cancelled.
        expires_at: Timestamp,
    },
}

/// Headers, serialized as a JSON object.
#[derive(Debug)]
pub struct Headers(pub Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl From<&Upload> for UploadResponse {
    fn from(upload: &Upload) -> Self {
        Self {
            upload: UploadView::from(upload),
        }
    }
}

impl From<Presigned> for Download {
    fn from(presigned: Presigned) -> Self {
        Self {
            url: presigned.url,
            expires_at: Timestamp(presigned.expires_at),
        }
    }
}

impl From<Presigned> for ThumbnailTransfer {
    fn from(presigned: Presigned) -> Self {
        Self {
            url: presigned.url,
            headers: Headers(presigned.headers),
            expires_at: Timestamp(presigned.expires_at),
        }
    }
}

impl From<Presigned> for TransferView {
    fn from(presigned: Presigned) -> Self {
        Self::Put {
            url: presigned.url,
            headers: Headers(presigned.headers),
            expires_at: Timestamp(presigned.expires_at),
        }
    }
}

impl TransferView {
    /// Creates the transfer of a part plan.
    pub fn multipart(plan: PartPlan, expires_at: OffsetDateTime) -> Self {
        Self::Multipart {
            part_size: plan.part_size,
            part_count: plan.part_count,
            expires_at: Timestamp(expires_at),
        }
    }
}
