use domain::{
    ProductId, Upload, UploadId, UploadStatus, UserId,
    upload::{Event, Outcome},
};
use events::FileData;
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::App;

/// The `detail-type` of the question whether files can be sold. The API cannot send it: requests have none.
pub const QUESTION: &str = "PinFiles";

/// Asks whether a seller owns these files and S3 has them. If so, they belong to the product from then on, and cannot be
/// deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinFilesRequest {
    product_id: ProductId,
    seller_id: UserId,
    files: Vec<UploadId>,
}

/// The answer: the files, or those that are not stored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PinFilesResponse {
    files: Vec<FileData>,
    not_stored: Vec<UploadId>,
}

/// Answers the question.
pub async fn answer(app: &App, request: &PinFilesRequest) -> Result<PinFilesResponse, StoreError> {
    let (product, seller) = (request.product_id, request.seller_id);
    // First all are checked, so that a refused product keeps no file from being deleted.
    let mut not_stored = Vec::new();
    for id in &request.files {
        if find_stored(app, seller, *id).await?.is_none() {
            not_stored.push(*id);
        }
    }
    let files = if not_stored.is_empty() {
        let pinned = pin_all(app, product, seller, &request.files).await?;
        not_stored = pinned.not_stored;
        pinned.files
    } else {
        Vec::new()
    };
    Ok(PinFilesResponse { files, not_stored })
}

/// Records that files belong to a product. Files that are not stored any more are named, and stay as they are.
pub async fn pin_all(
    app: &App,
    product: ProductId,
    seller: UserId,
    files: &[UploadId],
) -> Result<PinFilesResponse, StoreError> {
    let mut pinned = PinFilesResponse {
        files: Vec::new(),
        not_stored: Vec::new(),
    };
    for id in files {
        match pin(app, product, seller, *id).await? {
            Some(upload) => pinned.files.push(FileData {
                upload_id: upload.id,
                filename: upload.filename.as_str().to_owned(),
                size: upload.size.bytes(),
            }),
            None => pinned.not_stored.push(*id),
        }
    }
    Ok(pinned)
}

/// Attempts to change an upload that other requests change at the same time.
const TRIES: u32 = 10;

async fn pin(
    app: &App,
    product: ProductId,
    seller: UserId,
    id: UploadId,
) -> Result<Option<Upload>, StoreError> {
    for _ in 0..TRIES {
        let Some(upload) = find_stored(app, seller, id).await? else {
            return Ok(None);
        };
        let transition = match upload.on(&Event::Sold(product), app.clock.now()) {
            Ok(Outcome::Changed(transition)) => transition,
            Ok(Outcome::Unchanged) => return Ok(Some(upload)),
            Err(_) => return Ok(None),
        };
        let pinned = app.sold_files.pin(&app.uploads, &transition, product);
        if pinned.await? {
            return Ok(Some(transition.to));
        }
    }
    Err(StoreError::Conflict)
}

async fn find_stored(
    app: &App,
    seller: UserId,
    id: UploadId,
) -> Result<Option<Upload>, StoreError> {
    if id.is_thumbnail() {
        return Ok(None);
    }
    let found = app.uploads.find(seller, id).await?;
    Ok(found.filter(|upload| upload.status() == UploadStatus::Stored))
}
