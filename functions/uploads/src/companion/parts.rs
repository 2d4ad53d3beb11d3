use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{
    Invalid,
    upload::{PartNumber, URL_LIFETIME},
};
use http_api::{Problem, ProblemDocument};
use serde::Serialize;
use serde_json::json;
use storage::MultipartRef;
use utoipa::ToSchema;

use super::uploader::Uploader;
use crate::{
    App,
    parts::{MAX_SIGNED, sign_parts},
    problems::{NOT_PENDING, storage_failed},
    query::{QueryParams, invalid_param},
};

const INVALID_PART_NUMBERS: Invalid = Invalid {
    code: "invalid_part_number",
    detail: "Invalid part numbers. Send 1 to 100 numbers from 1 to 10000, separated by commas.",
};

/// A part that S3 has received, with S3's field names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CompanionPart {
    part_number: u16,
    /// The size in bytes.
    size: u64,
    #[serde(rename = "ETag")]
    etag: String,
}

/// List all parts that S3 has received.
#[utoipa::path(
    get,
    path = "/s3/multipart/{uploadId}",
    operation_id = "companionListParts",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("uploadId" = String, Path, description = "the `uploadId` of the created upload"),
        ("key" = String, Query, min_length = 1, description = "the `key` of the created upload"),
    ),
    responses(
        (status = 200, description = "all parts", body = Vec<CompanionPart>),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    uploader: Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    query: QueryParams,
) -> Result<Json<Vec<CompanionPart>>, Problem> {
    let upload = uploader.find_upload(&app, &path, &query).await?;
    let s3_id = upload.multipart_id().unwrap_or_default();
    let listed = app
        .reconciler
        .bucket
        .all_parts(MultipartRef {
            key: &upload.key(),
            s3_id,
        })
        .await;
    let parts = listed
        .map_err(|error| storage_failed(&error))?
        .ok_or(NOT_PENDING)?;
    let listed = parts.into_iter().map(|part| CompanionPart {
        part_number: part.number,
        size: part.size,
        etag: part.etag,
    });
    Ok(Json(listed.collect()))
}

/// Sign the PUT requests of one or several parts.
///
/// `part` is a part number, or `batch` to sign those of `partNumbers`.
#[utoipa::path(
    get,
    path = "/s3/multipart/{uploadId}/{part}",
    operation_id = "companionSignParts",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("uploadId" = String, Path, description = "the `uploadId` of the created upload"),
        ("part" = String, Path, description = "a part number, or `batch`"),
        ("key" = String, Query, min_length = 1, description = "the `key` of the created upload"),
        ("partNumbers" = Option<String>, Query,
            description = "for `batch`: 1 to 100 part numbers, separated by commas"),
    ),
    responses(
        (status = 200, body = Object, description = "`{url, expires}`, or `{presignedUrls: {\"1\": url}}` for `batch`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`, `invalid_part_number`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`: only when the parts have to be measured"),
    )
)]
pub async fn sign(
    State(app): State<App>,
    uploader: Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    query: QueryParams,
) -> Result<Response, Problem> {
    let upload = uploader.find_upload(&app, &path, &query).await?;
    let part = path.get("part").map(String::as_str).unwrap_or_default();
    let (name, numbers) = if part == "batch" {
        let numbers = query.required("partNumbers", parse_part_numbers)?;
        ("partNumbers", numbers)
    } else {
        let number = parse_part_number(part).map_err(|invalid| invalid_param("part", invalid))?;
        ("part", vec![number])
    };
    let signed = sign_parts(&app, upload, &numbers, |_| format!("/{name}")).await?;
    let mut urls = signed
        .into_iter()
        .map(|(number, signed)| (number.get(), signed.url));
    let body = if part == "batch" {
        json!({"presignedUrls": urls.collect::<BTreeMap<_, _>>()})
    } else {
        let (expires, url) = (URL_LIFETIME.whole_seconds(), urls.next());
        json!({"url": url.map(|(_, url)| url), "expires": expires})
    };
    Ok(Json(body).into_response())
}

fn parse_part_number(text: &str) -> Result<PartNumber, Invalid> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number
        .ok_or(INVALID_PART_NUMBERS)
        .and_then(PartNumber::parse)
}

fn parse_part_numbers(text: &str) -> Result<Vec<PartNumber>, Invalid> {
    let numbers = text
        .split(',')
        .map(parse_part_number)
        .collect::<Result<Vec<_>, _>>()?;
    if numbers.len() <= MAX_SIGNED {
        Ok(numbers)
    } else {
        Err(INVALID_PART_NUMBERS)
    }
}
