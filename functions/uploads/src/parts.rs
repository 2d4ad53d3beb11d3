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
    problems::{NOT_PENDING, limit_exceeded, refused, storage_failed},
    view::Headers,
};

/// So many are signed at once.
pub const MAX_SIGNED: usize = 100;

/// 409: the upload goes with one PUT.
pub const NOT_MULTIPART: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_not_multipart",
    "This upload has no parts. Send it with one PUT, to the URL that `POST /uploads` returned.",
);

/// Parts to sign.
#[derive(ToSchema)]
#[schema(as = PartNumbers, rename_all = "camelCase")]
pub struct Form {
    /// Their numbers, from 1 to the upload's `partCount`.
    #[schema(value_type = Vec<u16>, min_items = 1, max_items = 100)]
    part_numbers: Vec<PartNumber>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let read = |value: &serde_json::Value| number(PartNumber::parse)(value);
        let part_numbers = fields.values("partNumbers", MAX_SIGNED, read)?;
        Some(Self { part_numbers })
    }
}

/// Presigned PUTs of parts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedParts {
    parts: Vec<SignedPart>,
}

/// A presigned PUT of one part.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignedPart {
    part_number: u16,
    #[schema(format = "uri")]
    url: String,
    /// To be sent as they are.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    expires_at: Timestamp,
}

/// A part that S3 has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceivedPart)]
#[serde(rename_all = "camelCase")]
pub struct PartView {
    part_number: u16,
    size: u64,
    etag: String,
}

/// Sign parts of a multipart upload, again and again if need be.
#[utoipa::path(
    post,
    path = "/uploads/{id}/parts",
    operation_id = "signParts",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = Form,
    responses(
        (status = 200, body = SignedParts),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `upload_not_multipart`, `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_part_number`, `empty`, `too_long`, `required`, \
                `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn sign(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<SignedParts>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let at = |index: usize| format!("/partNumbers/{index}");
    let signed = presigned(&app, upload, &form.part_numbers, at).await?;
    let parts = signed.into_iter().map(|(number, signed)| SignedPart {
        part_number: number.get(),
        url: signed.url,
        headers: Headers(signed.headers),
        expires_at: Timestamp(signed.expires_at),
    });
    Ok(Json(SignedParts {
        parts: parts.collect(),
    }))
}

/// Signs PUTs of these parts. `at` says where in the request a part's number stands.
pub async fn presigned(
    app: &App,
    upload: Upload,
    numbers: &[PartNumber],
    at: impl Fn(usize) -> String,
) -> Result<Vec<(PartNumber, Presigned)>, Problem> {
    pending_parts(&upload)?;
    let (mut sizes, mut wrong) = (Vec::with_capacity(numbers.len()), Vec::new());
    for (index, number) in numbers.iter().enumerate() {
        match upload.part_bytes(*number) {
            Ok(size) => sizes.push((*number, size)),
            Err(invalid) => wrong.push(FieldError::at(at(index), invalid)),
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let upload = reserve(app, upload, count).await?;
    let (s3_id, key, now) = (pending_parts(&upload)?, upload.key(), app.clock.now());
    let mut parts = Vec::with_capacity(numbers.len());
    for (number, size) in sizes {
        let bucket = &app.reconciler.bucket;
        let multipart = MultipartRef { key: &key, s3_id };
        let signed = bucket.part_url(multipart, number, size, now).await;
        parts.push((number, signed.map_err(|error| storage_failed(&error))?));
    }
    Ok(parts)
}

/// How often room for parts is reserved of which another request of the same owner may be quicker.
const TRIES: u32 = 5;

/// Reserves room for the parts of a file whose size was not announced: every so many parts, S3 is asked what it has
/// received.
async fn reserve(app: &App, mut upload: Upload, count: u32) -> Result<Upload, Problem> {
    for _ in 0..TRIES {
        upload = match app
            .change(upload.clone(), &Event::PartsSigned(count))
            .await?
        {
            ChangeOutcome::Applied(upload) => return Ok(*upload),
            ChangeOutcome::Refused(Refusal::NotMeasured) => upload,
            ChangeOutcome::Refused(refusal) => return Err(refused(refusal)),
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
                s3_id: pending_parts(&upload)?,
            })
            .await;
        let parts = parts.map_err(|error| storage_failed(&error))?;
        let received = parts.ok_or(NOT_PENDING)?.iter().map(|part| part.size).sum();
        let usage = app.reconciler.uploads.quotas().usage(upload.owner).await?;
        let budget = upload.size.bytes().saturating_add(usage.left());
        let Some(reservation) = Reservation::new(received, count, budget) else {
            if received > budget {
                app.give_up(&upload).await?;
            }
            return Err(limit_exceeded(Limit::Used, &usage));
        };
        // Measured for the record as it was read: when another request was quicker, S3 is asked again.
        let reserved = Event::Reserved(reservation);
        upload = match app.change_once(&upload, &reserved).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload))
            | ChangeOnceOutcome::Conflict(upload) => *upload,
            // The room went to another upload.
            ChangeOnceOutcome::Ended(_) => upload,
        };
    }
    Err(Problem::unavailable())
}

/// List the parts that S3 has, to go on after an interruption.
#[utoipa::path(
    get,
    path = "/uploads/{id}/parts",
    operation_id = "listParts",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id"), Page),
    responses(
        (status = 200, body = List<PartView>),
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
) -> Result<Json<List<PartView>>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let s3_id = pending_parts(&upload)?;
    let after = page.place()?;
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
    // S3 knows it no more: it was put together a moment ago, or given up.
    let (parts, more) = listed
        .map_err(|error| storage_failed(&error))?
        .ok_or(NOT_PENDING)?;
    let last = parts.last().filter(|_| more);
    Ok(Json(List {
        next: last.map(|last| Cursor::at(last.number.into()).encode()),
        items: parts.into_iter().map(PartView::from).collect(),
    }))
}

/// S3's name of a multipart upload that still takes parts.
fn pending_parts(upload: &Upload) -> Result<&str, Problem> {
    match (upload.status(), upload.multipart_id()) {
        (UploadStatus::Pending, Some(s3_id)) => Ok(s3_id),
        (UploadStatus::Pending, None) => Err(NOT_MULTIPART),
        _ => Err(NOT_PENDING),
    }
}

impl From<Part> for PartView {
    fn from(part: Part) -> Self {
        Self {
            part_number: part.number,
            size: part.size,
            etag: part.etag,
        }
    }
}
