use axum::{
    Json,
    extract::{Path, State},
};
use domain::{Upload, UploadId, UploadStatus};
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, UploadView};

use crate::{App, problems::storage_failed, view::UploadWithDownload};

/// List the caller's uploads, newest first, without deleted ones.
#[utoipa::path(
    get,
    path = "/uploads",
    operation_id = "listUploads",
    tag = "uploads",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, body = List<UploadView>),
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

/// One upload, and a URL to download it from when it is stored. Also somebody else's that the caller may read.
#[utoipa::path(
    get,
    path = "/uploads/{id}",
    operation_id = "getUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    responses((status = 200, body = UploadWithDownload))
)]
pub async fn upload(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<UploadWithDownload>, Problem> {
    let upload = app.readable(&caller, &id).await?;
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
    Ok(Json(UploadWithDownload {
        upload: UploadView::from(&upload),
        download,
    }))
}
