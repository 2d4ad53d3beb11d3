use axum::{
    Json,
    extract::{Path, State},
};
use domain::UploadStatus;
use http_api::{Authenticated, Problem, UploadView};

use crate::{App, problems::storage_failed, thumbnails, view::GetUploadResponse};

/// Get an upload, with a download URL if it is stored.
///
/// Returns the caller's uploads, and stored uploads of other users that the caller was granted to read: by user id, by their verified address, or as all users. Also the files of products in the caller's library; their
/// download URLs are valid for five minutes.
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
            .download_url(
                &upload,
                upload.url_lifetime(caller.user_id),
                app.clock.now(),
            )
            .await;
        Some(signed.map_err(|error| storage_failed(&error))?.into())
    } else {
        None
    };
    Ok(Json(GetUploadResponse {
        upload: UploadView::from(&upload),
        download,
        thumbnail: thumbnails::download(&app, &upload).await?,
    }))
}
