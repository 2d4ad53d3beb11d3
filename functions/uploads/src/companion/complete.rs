use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::upload::{MAX_PARTS, PartNumber};
use http_api::{Fields, FromFields, JsonBody, Problem, ProblemDocument, number, text};
use serde_json::json;
use utoipa::ToSchema;

use super::uploader::Uploader;
use crate::{
    App,
    complete::{complete_upload, parse_etag, sort_parts},
    query::QueryParams,
};

/// The parts of a multipart upload.
#[derive(ToSchema)]
pub struct CompanionCompleteRequest {
    /// All parts, in any order.
    #[schema(value_type = Vec<CompanionCompletedPart>)]
    parts: Vec<(PartNumber, String)>,
}

/// The number and the `ETag` of a part. Other fields are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the items of `parts`")]
struct CompanionCompletedPart {
    #[schema(rename = "PartNumber")]
    part_number: u16,
    #[schema(rename = "ETag")]
    etag: String,
}

impl FromFields for CompanionCompleteRequest {
    const MAX_BYTES: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let max = usize::try_from(MAX_PARTS).unwrap_or(usize::MAX);
        let parts = fields.list("parts", max, |part| {
            let number = part.required("PartNumber", number(PartNumber::parse));
            let etag = part.required("ETag", text(parse_etag));
            // The widget sends more fields.
            part.ignore_others();
            Some((number?, etag?))
        })?;
        Some(Self {
            parts: sort_parts(fields, parts)?,
        })
    }
}

/// Complete a multipart upload after its parts were sent to S3.
#[utoipa::path(
    post,
    path = "/s3/multipart/{uploadId}/complete",
    operation_id = "companionComplete",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("uploadId" = String, Path, description = "the `uploadId` of the created upload"),
        ("key" = String, Query, min_length = 1, description = "the `key` of the created upload"),
    ),
    request_body = CompanionCompleteRequest,
    responses(
        (status = 200, body = Object, description = "`{location, key, bucket}`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_incomplete`, `size_mismatch`, `quota_exceeded`, `upload_not_pending`, \
                `request_in_progress`"),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json",
            description = "`body_too_large`: over 1 MiB"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`invalid_part_number`, `invalid_etag`, `duplicate_part`, `empty`, \
                `too_long`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn complete(
    State(app): State<App>,
    uploader: Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    query: QueryParams,
    JsonBody(request): JsonBody<CompanionCompleteRequest>,
) -> Result<Response, Problem> {
    let upload = uploader.find_upload(&app, &path, &query).await?;
    let stored = complete_upload(&app, upload, Some(request.parts)).await?;
    let (bucket, key) = (&app.reconciler.bucket, stored.key());
    let location = format!("{}{key}", bucket.url());
    Ok(Json(json!({"location": location, "key": key, "bucket": bucket.name()})).into_response())
}
