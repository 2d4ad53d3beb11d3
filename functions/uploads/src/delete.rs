use api::{Authenticated, Problem, ProblemDocument};
use axum::extract::{Path, State};
use domain::{Upload, UploadStatus};
use http::StatusCode;
use store::uploads::Step;

use crate::{App, arrival_failed};

/// Delete an upload: give a pending one up, hide a stored one.
///
/// Its versions can be restored until the bucket forgets them.
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
            description = "`upload_locked`"),
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

/// Pending or stored -> deleted, and away from S3.
pub async fn remove(app: &App, mut upload: Upload) -> Result<(), Problem> {
    let shelves = &app.shelves;
    loop {
        let now = app.clock.now();
        if matches!(upload.status, UploadStatus::Failed | UploadStatus::Deleted) {
            // Sent again, maybe after a lost reply: what it asks for is so, but S3 may not know yet.
            let cleared = shelves.clear_away(&upload, now).await;
            cleared.map_err(arrival_failed)?;
            return Ok(());
        }
        if upload.is_locked(now) {
            return Err(Problem::upload_locked());
        }
        upload = match shelves
            .uploads
            .delete(&shelves.quotas, &upload, now)
            .await?
        {
            // It changed since it was read; or it is deleted now.
            Step::Done(upload) | Step::Refused(upload) => *upload,
            Step::Gone => return Err(Problem::not_found()),
        };
    }
}
