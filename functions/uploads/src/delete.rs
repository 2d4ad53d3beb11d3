use axum::extract::{Path, State};
use domain::{
    Upload, UploadStatus,
    upload::{Event, Limit},
};
use http::StatusCode;
use http_api::{Authenticated, Problem, ProblemDocument};
use upload_reconciler::{ChangeOnceOutcome, ChangeOutcome};

use crate::{
    App,
    problems::{CHANGING, NOT_PENDING, limit_exceeded, reconcile_failed, refused},
};

/// Delete an upload: cancel a pending one, delete a stored one.
///
/// A stored file can be restored until it is no longer kept. Without room to keep it, it is deleted for good. Grants to
/// read it end. Idempotent: deleting a deleted upload also returns 204.
#[utoipa::path(
    delete,
    path = "/uploads/{id}",
    operation_id = "deleteUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    responses(
        (status = 204),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_locked`, `request_in_progress`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let upload = app.find(&caller, &id).await?;
    remove(&app, upload).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes an upload in the record, then in S3. A request that is sent again does what the first one left undone.
pub async fn remove(app: &App, upload: Upload) -> Result<(), Problem> {
    let now = app.clock.now();
    // S3 may have it although nothing told of it yet: then it is deleted like a stored one, and can be restored.
    let upload = match upload.status() {
        UploadStatus::Pending => {
            let reconciled = app.reconciler.reconcile(upload, now).await;
            let found = reconciled.map_err(reconcile_failed)?.upload;
            found.ok_or_else(Problem::not_found)?
        }
        _ => upload,
    };
    let deletions = upload.deletions;
    let deleted = delete_record(app, upload).await?;
    let (id, is_new) = (deleted.id, deleted.deletions != deletions);
    let reconciled = app.reconciler.reconcile(deleted, now).await;
    reconciled.map_err(reconcile_failed)?;
    // The grants have ended with the deletion; this only tidies up.
    if is_new && let Err(error) = app.read_grants.remove_all(id).await {
        tracing::warn!(%error, "ended_grants_left");
    }
    Ok(())
}

/// How often a file is deleted for good that other requests change meanwhile.
const TRIES: u32 = 5;

/// Deletes the record; for good if there is no room to keep the file.
async fn delete_record(app: &App, mut upload: Upload) -> Result<Upload, Problem> {
    for _ in 0..TRIES {
        let keep_until = app.clock.now() + app.old_versions_kept;
        let deleted = Event::Deleted { keep_until };
        let changed = match app.change_once(&upload, &deleted).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(Limit::Kept, _)) => {
                app.change_once(&upload, &Event::DeletedForGood).await?
            }
            changed => changed,
        };
        match changed {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(deleted)) => return Ok(*deleted),
            ChangeOnceOutcome::Ended(ChangeOutcome::Refused(refusal)) => {
                return Err(refused(refusal));
            }
            ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(limit, usage)) => {
                return Err(limit_exceeded(limit, &usage));
            }
            ChangeOnceOutcome::Ended(ChangeOutcome::NotFound) => return Err(Problem::not_found()),
            ChangeOnceOutcome::Conflict(newer) => upload = *newer,
        }
    }
    Err(CHANGING)
}

/// Cancels a pending upload, and nothing else: for callers who may not delete what is stored.
pub async fn cancel(app: &App, upload: Upload) -> Result<(), Problem> {
    match upload.status() {
        UploadStatus::Pending => {}
        UploadStatus::Stored => return Err(NOT_PENDING),
        UploadStatus::Failed | UploadStatus::Deleted => return Ok(()),
    }
    match app.change_once(&upload, &Event::DeletedForGood).await? {
        ChangeOnceOutcome::Ended(ChangeOutcome::Applied(cancelled)) => {
            let reconciled = app.reconciler.reconcile(*cancelled, app.clock.now()).await;
            reconciled.map_err(reconcile_failed)?;
            Ok(())
        }
        ChangeOnceOutcome::Ended(_) | ChangeOnceOutcome::Conflict(_) => Err(CHANGING),
    }
}
