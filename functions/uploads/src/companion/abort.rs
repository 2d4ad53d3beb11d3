use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http_api::{Problem, ProblemDocument};
use serde_json::json;

use super::uploader::Uploader;
use crate::{App, delete::cancel_upload, query::QueryParams};

/// Cancel a multipart upload.
#[utoipa::path(
    delete,
    path = "/s3/multipart/{uploadId}",
    operation_id = "companionAbort",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("uploadId" = String, Path, description = "the `uploadId` of the created upload"),
        ("key" = String, Query, min_length = 1, description = "the `key` of the created upload"),
    ),
    responses(
        (status = 200, body = Object, description = "`{}`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn abort(
    State(app): State<App>,
    uploader: Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    query: QueryParams,
) -> Result<Response, Problem> {
    let upload = uploader.find_upload(&app, &path, &query).await?;
    // A grant does not allow deleting a stored file.
    cancel_upload(&app, upload).await?;
    Ok(Json(json!({})).into_response())
}
