use api::{Authenticated, Problem, ProblemDocument};
use axum::extract::{Path, State};
use domain::{Upload, UploadStatus, upload::Event};
use http::StatusCode;
use store::Limit;
use upload_reconciler::Changed;

use crate::{
    App,
    problems::{limit_exceeded, reconcile_failed, refused},
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
    let keep_until = now + app.old_versions_kept;
    let event = Event::Deleted { keep_until };
    let mut changed = app.change(upload.clone(), &event).await?;
    if matches!(changed, Changed::LimitExceeded(Limit::Kept, _)) {
        changed = app.change(upload, &Event::DeletedForGood).await?;
    }
    let deleted = match changed {
        Changed::Done(deleted) => *deleted,
        Changed::Refused(refusal) => return Err(refused(refusal)),
        Changed::LimitExceeded(limit, usage) => return Err(limit_exceeded(limit, &usage)),
        Changed::Gone => return Err(Problem::not_found()),
    };
    let (id, is_new) = (deleted.id, deleted.deletions != deletions);
    let reconciled = app.reconciler.reconcile(deleted, now).await;
    reconciled.map_err(reconcile_failed)?;
    // The grants have ended with the deletion; this only tidies up.
    if is_new && let Err(error) = app.read_grants.remove_all(id).await {
        tracing::warn!(%error, "ended_grants_left");
    }
    Ok(())
}
