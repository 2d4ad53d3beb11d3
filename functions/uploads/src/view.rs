use domain::{Upload, upload::PartPlan};
use http_api::{Timestamp, UploadView};
use serde::Serialize;
use storage::Presigned;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// An upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadAnswer {
    /// It.
    pub upload: UploadView,
}

/// An upload, and how to get it once S3 has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UploadWithDownload {
    /// It.
    pub upload: UploadView,
    /// Where it is, when it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub download: Option<Download>,
}

/// Where a file is, for whoever has the URL.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// A presigned GET.
    #[schema(format = "uri")]
    url: String,
    /// Until when.
    expires_at: Timestamp,
}

/// An upload that was just announced, and how its bytes go to S3.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewUpload {
    /// It.
    pub upload: UploadView,
    /// How its bytes go to S3.
    pub transfer: TransferView,
}

/// How bytes go to S3.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
#[serde(tag = "method", rename_all_fields = "camelCase")]
pub enum TransferView {
    /// One presigned PUT.
    #[serde(rename = "PUT")]
    Put {
        /// Where to.
        #[schema(format = "uri")]
        url: String,
        /// To be sent as they are. `content-length` and `host` are among what is signed; browsers send them by
        /// themselves.
        #[schema(value_type = std::collections::BTreeMap<String, String>)]
        headers: Headers,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Parts, whose PUTs are signed on request.
    #[serde(rename = "MULTIPART")]
    Multipart {
        /// Bytes of every part but the last.
        part_size: u64,
        /// How many parts; their numbers begin with 1.
        part_count: u64,
        /// When it is given up.
        expires_at: Timestamp,
    },
}

/// Headers as a JSON object.
#[derive(Debug)]
pub struct Headers(pub Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl From<&Upload> for UploadAnswer {
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
    /// The parts of this plan.
    pub fn multipart(plan: PartPlan, expires_at: OffsetDateTime) -> Self {
        Self::Multipart {
            part_size: plan.part_size,
            part_count: plan.part_count,
            expires_at: Timestamp(expires_at),
        }
    }
}
