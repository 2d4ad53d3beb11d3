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

use super::{Uploader, asked::Asked, multipart::find};
use crate::{
    App,
    complete::{etag, finish, in_order},
};

/// All parts, as the widget has them.
#[derive(ToSchema)]
#[schema(as = CompanionCompletion)]
pub struct Completion {
    #[schema(value_type = Vec<NamedPart>)]
    parts: Vec<(PartNumber, String)>,
}

/// A part by its number and content.
#[derive(ToSchema)]
#[schema(as = CompanionNamedPart)]
#[expect(dead_code, reason = "describes what `Completion` reads")]
struct NamedPart {
    #[schema(rename = "PartNumber")]
    part_number: u16,
    #[schema(rename = "ETag")]
    etag: String,
}

impl FromFields for Completion {
    const MAX_BYTES: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let max = usize::try_from(MAX_PARTS).unwrap_or(usize::MAX);
        let parts = fields.list("parts", max, |part| {
            let number = part.required("PartNumber", number(PartNumber::parse));
            let etag = part.required("ETag", text(etag));
            // Whatever else the widget remembers of a part.
            part.ignore_others();
            Some((number?, etag?))
        })?;
        Some(Self {
            parts: in_order(fields, parts)?,
        })
    }
}

/// Put the parts together.
#[utoipa::path(
    post,
    path = "/s3/multipart/{uploadId}/complete",
    operation_id = "companionComplete",
    tag = "companion",
    security(("access_token" = [])),
    params(("uploadId" = String, Path), ("key" = String, Query)),
    request_body = Completion,
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
    Uploader(owner): Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    asked: Asked,
    JsonBody(form): JsonBody<Completion>,
) -> Result<Response, Problem> {
    let upload = find(&app, owner, &path, &asked).await?;
    let stored = finish(&app, upload, Some(form.parts)).await?;
    let (bucket, key) = (&app.reconciler.bucket, stored.key());
    let location = format!("{}{key}", bucket.url());
    Ok(Json(json!({"location": location, "key": key, "bucket": bucket.name()})).into_response())
}
