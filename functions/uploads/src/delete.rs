use axum::extract::{Path, State};
use domain::{
    Upload, UploadStatus,
    upload::{Event, Limit, Refusal},
};
use http::StatusCode;
use http_api::{Authenticated, Problem, ProblemDocument};
use upload_reconciler::{ChangeOnceOutcome, ChangeOutcome};

use crate::{
    App,
    problems::{CONCURRENT_CHANGE, NOT_PENDING, limit_exceeded, reconcile_failed, refusal_problem},
    sold, thumbnails,
};

/// Delete a stored upload, or cancel a pending one.
///
/// A stored file can be restored for a while; without room to keep it, it is deleted permanently. Grants to read it end.
/// Idempotent: deleting a deleted upload also returns 204.
#[utoipa::path(
    delete,
    path = "/uploads/{id}",
    operation_id = "deleteUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    responses(
        (status = 204, description = "the upload is deleted"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_locked`, `upload_in_use`, `request_in_progress`"),
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
    delete_upload(&app, upload).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the record of an upload, then its file in S3. A repeated request does what an interrupted one left undone.
async fn delete_upload(app: &App, upload: Upload) -> Result<(), Problem> {
    let now = app.clock.now();
    let upload = with_its_file(app, upload).await?;
    let upload = upload.ok_or_else(Problem::not_found)?;
    let deletions = upload.deletions;
    let deleted = delete_record(app, upload).await?;
    let (id, is_new) = (deleted.id, deleted.deletions != deletions);
    thumbnails::delete_of(app, &deleted).await?;
    let reconciled = app.reconciler.reconcile(deleted, now).await;
    reconciled.map_err(reconcile_failed)?;
    // The grants ended with the deletion; this only removes their items.
    if is_new && let Err(error) = app.read_grants.remove_all(id).await {
        tracing::warn!(%error, "ended_grants_left");
    }
    Ok(())
}

/// Marks a pending upload as stored, if S3 has its file already: it is then deleted like a stored one, and can be restored.
/// Returns `None` if the upload is gone.
pub async fn with_its_file(app: &App, upload: Upload) -> Result<Option<Upload>, Problem> {
    if upload.status() != UploadStatus::Pending {
        return Ok(Some(upload));
    }
    let reconciled = app.reconciler.reconcile(upload, app.clock.now()).await;
    Ok(reconciled.map_err(reconcile_failed)?.upload)
}

/// Attempts to delete an upload that other requests change at the same time.
const ATTEMPTS: u32 = 5;

/// Deletes the record; permanently if there is no room to keep the file.
pub async fn delete_record(app: &App, mut upload: Upload) -> Result<Upload, Problem> {
    for _ in 0..ATTEMPTS {
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
            ChangeOnceOutcome::Ended(ChangeOutcome::Refused(Refusal::InUse)) => {
                upload = sold::release(app, upload).await?;
            }
            ChangeOnceOutcome::Ended(ChangeOutcome::Refused(refusal)) => {
                return Err(refusal_problem(refusal));
            }
            ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(limit, usage)) => {
                return Err(limit_exceeded(limit, &usage));
            }
            ChangeOnceOutcome::Ended(ChangeOutcome::NotFound) => return Err(Problem::not_found()),
            ChangeOnceOutcome::Conflict(newer) => upload = *newer,
        }
    }
    Err(CONCURRENT_CHANGE)
}

/// Cancels a pending upload, for callers that may not delete a stored file. Clients cancel while other requests, such as
/// those that sign parts, change the upload.
pub async fn cancel_upload(app: &App, mut upload: Upload) -> Result<(), Problem> {
    for _ in 0..ATTEMPTS {
        match upload.status() {
            UploadStatus::Pending => {}
            UploadStatus::Stored => return Err(NOT_PENDING),
            UploadStatus::Failed | UploadStatus::Deleted => return Ok(()),
        }
        match app.change_once(&upload, &Event::DeletedForGood).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(cancelled)) => {
                let reconciled = app.reconciler.reconcile(*cancelled, app.clock.now()).await;
                reconciled.map_err(reconcile_failed)?;
                return Ok(());
            }
            ChangeOnceOutcome::Ended(_) => return Err(CONCURRENT_CHANGE),
            ChangeOnceOutcome::Conflict(newer) => upload = *newer,
        }
    }
    Err(CONCURRENT_CHANGE)
}
