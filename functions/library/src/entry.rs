use domain::{Entitlement, product::ProductFile};
use http_api::Timestamp;
use serde::Serialize;
use store::ProductCopy;
use utoipa::ToSchema;

/// A product that the caller has a right to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LibraryEntry {
    product: LibraryProduct,
    /// Since when the caller has the right.
    granted_at: Timestamp,
    /// The files. `GET /uploads/{uploadId}` returns the download URL of one.
    files: Vec<LibraryFile>,
}

/// A product as the library knows it. It may no longer be for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LibraryProduct {
    #[schema(format = "uuid")]
    id: String,
    title: String,
    /// The user who sells it. Absent if the seller's account is deleted; then the product has no files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uuid")]
    seller_id: Option<String>,
}

/// A file of a product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LibraryFile {
    #[schema(format = "uuid")]
    upload_id: String,
    filename: String,
    /// Bytes.
    size: u64,
}

impl LibraryEntry {
    /// The entry of a right that has not ended.
    pub fn of(right: &Entitlement, copy: &ProductCopy) -> Option<Self> {
        Some(Self {
            product: LibraryProduct {
                id: copy.id.to_string(),
                title: copy.title.clone(),
                seller_id: copy.seller.map(|seller| seller.to_string()),
            },
            granted_at: Timestamp(right.granted_at?),
            files: copy.files.iter().map(LibraryFile::of).collect(),
        })
    }
}

impl LibraryFile {
    fn of(file: &ProductFile) -> Self {
        Self {
            upload_id: file.upload.to_string(),
            filename: file.filename.as_str().to_owned(),
            size: file.size,
        }
    }
}
