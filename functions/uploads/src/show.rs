use axum::{
    Json,
    extract::{Path, State},
};
use domain::{Upload, UploadId, UploadStatus};
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, UploadView};

use crate::{App, problems::storage_failed, view::GetUploadResponse};

/// List the caller's uploads, newest first.
///
/// Deleted uploads are not listed.
#[utoipa::path(
    get,
    path = "/uploads",
    operation_id = "listUploads",
    tag = "uploads",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "a page of uploads", body = List<UploadView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    page: Page,
) -> Result<Json<List<UploadView>>, Problem> {
    let before = page.cursor.map(|Cursor(id)| UploadId::from_bytes(id));
    let uploads = app
        .reconciler
        .uploads
        .list(caller.user_id, before, page.limit + 1)
        .await?;
    let cursor = |last: &Upload| Cursor(*last.id.as_bytes());
    let view = |upload: &Upload| UploadView::from(upload);
    Ok(Json(List::of(uploads, page, cursor, view)))
}

/// Get an upload, with a download URL if it is stored.
///
/// Returns the caller's uploads, and stored uploads of other users that the caller was granted to read.
#[utoipa::path(
    get,
    path = "/uploads/{id}",
    operation_id = "getUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    responses((status = 200, description = "the upload", body = GetUploadResponse))
)]
pub async fn upload(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<GetUploadResponse>, Problem> {
    let upload = app.find_readable(&caller, &id).await?;
    let download = if upload.status() == UploadStatus::Stored {
        let signed = app
            .reconciler
            .bucket
            .download_url(&upload, app.clock.now())
            .await;
        Some(signed.map_err(|error| storage_failed(&error))?.into())
    } else {
        None
    };
    Ok(Json(GetUploadResponse {
        upload: UploadView::from(&upload),
        download,
    }))
}
