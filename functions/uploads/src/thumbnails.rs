//! Thumbnails: small images that clients send with a file. A thumbnail is an upload of its own, which follows its file.

use domain::{
    Upload, UploadStatus,
    upload::{Event, MAX_THUMBNAIL_BYTES, Thumbnail, ThumbnailType},
};
use http_api::{Fields, Problem, number, text};
use upload_reconciler::ChangeOutcome;
use utoipa::ToSchema;

use crate::{
    App,
    delete::{delete_record, with_its_file},
    problems::{reconcile_failed, storage_failed},
    view::Download,
};

/// A small image that stands for the file in lists.
#[derive(ToSchema)]
#[schema(as = CreateThumbnail, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes `thumbnail`, which `read` parses")]
pub struct CreateThumbnail {
    /// The media type. S3 accepts no other.
    #[schema(pattern = "^image/(webp|jpeg|png)$", example = "image/webp")]
    content_type: String,
    /// The size in bytes. S3 accepts no other.
    #[schema(minimum = 1, maximum = 65_536, example = 9000)]
    size: u64,
}

const _: () = assert!(MAX_THUMBNAIL_BYTES == 65_536, "the schema says so");

/// Takes the field `thumbnail`.
#[expect(
    clippy::option_option,
    reason = "as the other methods of `Fields`: the outer one is an error"
)]
pub fn read(fields: &mut Fields) -> Option<Option<Thumbnail>> {
    fields.nested(
        "thumbnail",
        || None,
        || None,
        |fields| {
            let content_type = fields.required("contentType", text(ThumbnailType::parse));
            let size = fields.required("size", number(Thumbnail::parse_size));
            Some(Some(Thumbnail {
                content_type: content_type?,
                size: size?,
            }))
        },
    )
}

/// Signs the download of an upload's thumbnail, if one was announced and the upload is stored. S3 may not have it: the client
/// sends it, and its loss does not matter.
pub async fn download(app: &App, upload: &Upload) -> Result<Option<Download>, Problem> {
    if upload.status() != UploadStatus::Stored {
        return Ok(None);
    }
    let bucket = &app.reconciler.bucket;
    let signed = bucket.thumbnail_url(upload, app.clock.now()).await;
    let signed = signed.map_err(|error| storage_failed(&error))?;
    Ok(signed.map(Download::from))
}

/// Finds the thumbnail of an upload.
async fn find_of(app: &App, upload: &Upload) -> Result<Option<Upload>, Problem> {
    match upload.thumbnail_id() {
        Some(id) => Ok(app.reconciler.uploads.find(upload.owner, id).await?),
        None => Ok(None),
    }
}

/// Deletes the thumbnail of a deleted upload: permanently if the file is, or else so that it can be restored. Idempotent.
pub async fn delete_of(app: &App, upload: &Upload) -> Result<(), Problem> {
    let Some(thumbnail) = find_of(app, upload).await? else {
        return Ok(());
    };
    let is_kept = upload.state.file().is_some();
    let deleted = if is_kept {
        let Some(thumbnail) = with_its_file(app, thumbnail).await? else {
            return Ok(());
        };
        delete_record(app, thumbnail).await?
    } else {
        match app.change(thumbnail, &Event::DeletedForGood).await? {
            ChangeOutcome::Applied(deleted) => *deleted,
            // Nothing refuses a permanent deletion but a lock, which thumbnails do not have.
            _ => return Ok(()),
        }
    };
    let reconciled = app.reconciler.reconcile(deleted, app.clock.now()).await;
    reconciled.map_err(reconcile_failed)?;
    Ok(())
}

/// Restores the thumbnail of a restored upload, if S3 still has it and the quota has room for it.
pub async fn restore_of(app: &App, upload: &Upload) -> Result<(), Problem> {
    let Some(thumbnail) = find_of(app, upload).await? else {
        return Ok(());
    };
    let Some(file) = thumbnail.state.file() else {
        return Ok(());
    };
    let event = Event::Restored(file.version_id.clone());
    if let ChangeOutcome::Applied(restoring) = app.change(thumbnail, &event).await? {
        let reconciled = app.reconciler.reconcile(*restoring, app.clock.now()).await;
        reconciled.map_err(reconcile_failed)?;
    }
    Ok(())
}
