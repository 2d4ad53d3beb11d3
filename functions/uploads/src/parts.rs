use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    Upload, UploadStatus,
    upload::{Event, Limit, PartNumber, Refusal, Reservation},
};
use http::StatusCode;
use http_api::{
    Authenticated, Cursor, FieldError, Fields, FromFields, JsonBody, List, Page, Problem,
    ProblemDocument, Timestamp, number,
};
use serde::Serialize;
use storage::{MultipartRef, Part, Presigned};
use upload_reconciler::{ChangeOnceOutcome, ChangeOutcome};
use utoipa::ToSchema;

use crate::{
    App,
    problems::{NOT_PENDING, limit_exceeded, refusal_problem, storage_failed},
    view::Headers,
};

/// The maximum number of parts that one request signs.
pub const MAX_SIGNED: usize = 100;

/// 409: the upload is sent with one PUT.
const NOT_MULTIPART: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_not_multipart",
    "This upload has no parts. Send it with one PUT, to the URL that `POST /uploads` returned.",
);

/// The parts to sign.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SignPartsRequest {
    /// The numbers of the parts, from 1 to the upload's `partCount`.
    #[schema(value_type = Vec<u16>, min_items = 1, max_items = 100)]
    part_numbers: Vec<PartNumber>,
}

impl FromFields for SignPartsRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let read = |value: &serde_json::Value| number(PartNumber::parse)(value);
        let part_numbers = fields.values("partNumbers", MAX_SIGNED, read)?;
        Some(Self { part_numbers })
    }
}

/// The presigned PUT requests of the parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignPartsResponse {
    parts: Vec<SignedPart>,
}

/// The presigned PUT request of one part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignedPart {
    part_number: u16,
    /// The URL of the PUT request.
    #[schema(format = "uri")]
    url: String,
    /// The headers of the PUT request. Send them unchanged.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// When the URL expires.
    expires_at: Timestamp,
}

/// A part that S3 has received.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedPart {
    part_number: u16,
    /// The size in bytes.
    size: u64,
    etag: String,
}

/// Sign the PUT requests of parts of a multipart upload.
///
/// A part can be signed any number of times.
#[utoipa::path(
    post,
    path = "/uploads/{id}/parts",
    operation_id = "signParts",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = SignPartsRequest,
    responses(
        (status = 200, description = "the signed parts", body = SignPartsResponse),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `upload_not_multipart`, `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_part_number`, `empty`, `too_long`, `required`, \
                `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`: only when the parts have to be measured"),
    )
)]
pub async fn sign(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<SignPartsRequest>,
) -> Result<Json<SignPartsResponse>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let pointer = |index: usize| format!("/partNumbers/{index}");
    let signed = sign_parts(&app, upload, &request.part_numbers, pointer).await?;
    let parts = signed.into_iter().map(|(number, signed)| SignedPart {
        part_number: number.get(),
        url: signed.url,
        headers: Headers(signed.headers),
        expires_at: Timestamp(signed.expires_at),
    });
    Ok(Json(SignPartsResponse {
        parts: parts.collect(),
    }))
}

/// Signs the PUT requests of these parts. `pointer` returns the JSON Pointer of a part's number in the request.
pub async fn sign_parts(
    app: &App,
    upload: Upload,
    numbers: &[PartNumber],
    pointer: impl Fn(usize) -> String,
) -> Result<Vec<(PartNumber, Presigned)>, Problem> {
    pending_multipart_id(&upload)?;
    let (mut sizes, mut errors) = (Vec::with_capacity(numbers.len()), Vec::new());
    for (index, number) in numbers.iter().enumerate() {
        match upload.part_bytes(*number) {
            Ok(size) => sizes.push((*number, size)),
            Err(invalid) => errors.push(FieldError::at(pointer(index), invalid)),
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let upload = reserve_parts(app, upload, count).await?;
    let (s3_id, key, now) = (
        pending_multipart_id(&upload)?,
        upload.key(),
        app.clock.now(),
    );
    let mut parts = Vec::with_capacity(numbers.len());
    for (number, size) in sizes {
        let bucket = &app.reconciler.bucket;
        let multipart = MultipartRef { key: &key, s3_id };
        let signed = bucket.part_url(multipart, number, size, now).await;
        parts.push((number, signed.map_err(|error| storage_failed(&error))?));
    }
    Ok(parts)
}

/// Attempts to reserve room for parts while other requests of the owner use it.
const ATTEMPTS: u32 = 5;

/// Reserves room for the parts of a file whose size was not announced. When the reserved parts are used up, it measures
/// what S3 has received, and reserves room for the next parts.
async fn reserve_parts(app: &App, mut upload: Upload, count: u32) -> Result<Upload, Problem> {
    for _ in 0..ATTEMPTS {
        upload = match app
            .change(upload.clone(), &Event::PartsSigned(count))
            .await?
        {
            ChangeOutcome::Applied(upload) => return Ok(*upload),
            ChangeOutcome::Refused(Refusal::NotMeasured) => upload,
            ChangeOutcome::Refused(refusal) => return Err(refusal_problem(refusal)),
            ChangeOutcome::LimitExceeded(limit, usage) => {
                return Err(limit_exceeded(limit, &usage));
            }
            ChangeOutcome::NotFound => return Err(Problem::not_found()),
        };
        app.s3_limit.check(&upload.owner.to_string()).await?;
        let parts = app
            .reconciler
            .bucket
            .all_parts(MultipartRef {
                key: &upload.key(),
                s3_id: pending_multipart_id(&upload)?,
            })
            .await;
        let parts = parts.map_err(|error| storage_failed(&error))?;
        let received = parts.ok_or(NOT_PENDING)?.iter().map(|part| part.size).sum();
        let usage = app.reconciler.uploads.quotas().usage(upload.owner).await?;
        let budget = upload.size.bytes().saturating_add(usage.left());
        let Some(reservation) = Reservation::new(received, count, budget) else {
            if received > budget {
                app.fail_over_quota(&upload).await?;
            }
            return Err(limit_exceeded(Limit::Used, &usage));
        };
        // The measurement applies to the record as it was read. After a concurrent change, S3 is measured again.
        let reserved = Event::Reserved(reservation);
        upload = match app.change_once(&upload, &reserved).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload))
            | ChangeOnceOutcome::Conflict(upload) => *upload,
            // Another upload used the room.
            ChangeOnceOutcome::Ended(_) => upload,
        };
    }
    Err(Problem::unavailable())
}

/// List the parts that S3 has received, to resume an upload.
#[utoipa::path(
    get,
    path = "/uploads/{id}/parts",
    operation_id = "listParts",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id"), Page),
    responses(
        (status = 200, description = "a page of parts", body = List<ReceivedPart>),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `upload_not_multipart`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    page: Page,
) -> Result<Json<List<ReceivedPart>>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let s3_id = pending_multipart_id(&upload)?;
    let after = page.offset()?;
    let listed = app
        .reconciler
        .bucket
        .parts(
            MultipartRef {
                key: &upload.key(),
                s3_id,
            },
            after,
            page.limit,
        )
        .await;
    // `None`: the parts were combined or aborted meanwhile.
    let (parts, more) = listed
        .map_err(|error| storage_failed(&error))?
        .ok_or(NOT_PENDING)?;
    let last = parts.last().filter(|_| more);
    Ok(Json(List {
        next: last.map(|last| Cursor::of_offset(last.number.into()).encode()),
        items: parts.into_iter().map(ReceivedPart::from).collect(),
    }))
}

/// Returns the S3 id of a multipart upload that still accepts parts.
fn pending_multipart_id(upload: &Upload) -> Result<&str, Problem> {
    match (upload.status(), upload.multipart_id()) {
        (UploadStatus::Pending, Some(s3_id)) => Ok(s3_id),
        (UploadStatus::Pending, None) => Err(NOT_MULTIPART),
        _ => Err(NOT_PENDING),
    }
}

impl From<Part> for ReceivedPart {
    fn from(part: Part) -> Self {
        Self {
            part_number: part.number,
            size: part.size,
            etag: part.etag,
        }
    }
}
