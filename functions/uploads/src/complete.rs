use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    Invalid, Upload, UploadStatus,
    upload::{Event, MAX_PARTS, Mismatch, PartNumber, Size, Transfer},
};
use http::StatusCode;
use http_api::{
    Authenticated, Fields, FromFields, JsonBody, Problem, ProblemDocument, number, text,
};
use storage::{Completed, MultipartRef, Part};
use upload_reconciler::{ChangeOnceOutcome, ChangeOutcome};
use utoipa::ToSchema;

use crate::{
    App,
    problems::{NOT_PENDING, limit_exceeded, reconcile_failed, refusal_problem, storage_failed},
    view::UploadResponse,
};

const INCOMPLETE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_incomplete",
    "S3 does not have the whole file: the file or a part is missing, or an ETag is wrong. Send what is missing and \
     complete the upload again.",
);
const SIZE_MISMATCH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "size_mismatch",
    "The size of the file in S3 differs from the announced size. Create a new upload with the right size.",
);
const CHECKSUM_MISMATCH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "checksum_mismatch",
    "The SHA-256 of the file in S3 differs from the announced one, so the upload has failed. Create a new upload.",
);
const PARTS_REQUIRED: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "parts_required",
    "This upload was sent in parts. Send their numbers and ETags as `parts`.",
);
const BAD_ETAG: Invalid = Invalid {
    code: "invalid_etag",
    detail: "Invalid ETag. Send the `ETag` header of S3's response to the part's PUT.",
};
const DUPLICATE_PART: Invalid = Invalid {
    code: "duplicate_part",
    detail: "A part number is listed twice. List each part once.",
};

/// The parts of a multipart upload. Leave `parts` out for an upload with one PUT.
#[derive(ToSchema)]
pub struct CompleteUploadRequest {
    /// All parts, in any order.
    #[schema(value_type = Option<Vec<CompletedPart>>, nullable = false, min_items = 1, max_items = 10_000)]
    parts: Option<Vec<(PartNumber, String)>>,
}

/// The number and the `ETag` of a part.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the items of `parts`")]
struct CompletedPart {
    #[schema(minimum = 1, maximum = 10_000)]
    part_number: u16,
    /// The `ETag` header of S3's response to the part's PUT.
    #[schema(example = "\"9b2cf535f27731c974343645a3985328\"")]
    etag: String,
}

impl FromFields for CompleteUploadRequest {
    // Enough for 10,000 parts.
    const MAX_BYTES: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields) -> Option<Self> {
        if !fields.has("parts") {
            return Some(Self { parts: None });
        }
        let max = usize::try_from(MAX_PARTS).unwrap_or(usize::MAX);
        let parts = fields.list("parts", max, |part| {
            let number = part.required("partNumber", number(PartNumber::parse));
            let etag = part.required("etag", text(parse_etag));
            Some((number?, etag?))
        })?;
        Some(Self {
            parts: Some(sort_parts(fields, parts)?),
        })
    }
}

/// Sorts parts by number, as S3 requires, and refuses duplicates.
pub fn sort_parts(
    fields: &mut Fields,
    mut parts: Vec<(PartNumber, String)>,
) -> Option<Vec<(PartNumber, String)>> {
    parts.sort_unstable_by_key(|(number, _)| *number);
    if parts.windows(2).any(|two| two[0].0 == two[1].0) {
        return fields.refuse("parts", DUPLICATE_PART);
    }
    Some(parts)
}

/// Parses an `ETag`, and adds the quotes, which some HTTP libraries remove.
pub fn parse_etag(text: &str) -> Result<String, Invalid> {
    let bare = text.trim_matches('"');
    let plain = bare
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain && (1..=128).contains(&bare.len()) {
        Ok(format!("\"{bare}\""))
    } else {
        Err(BAD_ETAG)
    }
}

/// Complete an upload after its bytes were sent to S3.
///
/// Combines the parts of a multipart upload, and compares the size and SHA-256 with the announced ones. Idempotent:
/// completing a stored upload also returns 200.
#[utoipa::path(
    post,
    path = "/uploads/{id}/complete",
    operation_id = "completeUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = CompleteUploadRequest,
    responses(
        (status = 200, description = "the stored upload", body = UploadResponse),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_incomplete`, `size_mismatch`, `checksum_mismatch`, `upload_not_pending`, \
                `quota_exceeded`, `request_in_progress`"),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json",
            description = "`body_too_large`: over 1 MiB"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`parts_required`, `validation_failed` (fields: `invalid_part_number`, `invalid_etag`, \
                `duplicate_part`, `empty`, `too_long`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`: only while the upload is pending"),
    )
)]
pub async fn complete(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<CompleteUploadRequest>,
) -> Result<Json<UploadResponse>, Problem> {
    let upload = app.find(&caller, &id).await?;
    // Only a pending upload is looked up in S3. Usually, the event of S3 has arrived before this request.
    if upload.status() == UploadStatus::Pending {
        app.s3_limit.check(&upload.owner.to_string()).await?;
    }
    let stored = complete_upload(&app, upload, request.parts).await?;
    Ok(Json(UploadResponse::from(&stored)))
}

/// Combines the parts, if the upload has parts, and reconciles the record with S3.
pub async fn complete_upload(
    app: &App,
    mut upload: Upload,
    parts: Option<Vec<(PartNumber, String)>>,
) -> Result<Upload, Problem> {
    match upload.status() {
        UploadStatus::Pending => {}
        UploadStatus::Stored => return Ok(upload),
        UploadStatus::Failed | UploadStatus::Deleted => return Err(NOT_PENDING),
    }
    if let Some(s3_id) = upload.multipart_id().map(str::to_owned) {
        let parts = parts.ok_or(PARTS_REQUIRED)?;
        complete_multipart(app, &mut upload, &s3_id, &parts).await?;
    }
    let reconciled = app.reconciler.reconcile(upload, app.clock.now()).await;
    let reconciled = reconciled.map_err(reconcile_failed)?;
    let upload = reconciled.upload.ok_or_else(Problem::not_found)?;
    match (upload.status(), reconciled.mismatch) {
        (UploadStatus::Stored, _) => Ok(upload),
        (UploadStatus::Pending, _) => Err(INCOMPLETE),
        (_, Some(Mismatch::Size)) => Err(SIZE_MISMATCH),
        (_, Some(Mismatch::Checksum)) => Err(CHECKSUM_MISMATCH),
        (_, None) => Err(NOT_PENDING),
    }
}

/// Attempts to measure the parts of an upload that other requests change at the same time.
const ATTEMPTS: u32 = 5;

/// Combines the parts, after checking that their sizes add up, because combining cannot be undone.
async fn complete_multipart(
    app: &App,
    upload: &mut Upload,
    s3_id: &str,
    listed: &[(PartNumber, String)],
) -> Result<(), Problem> {
    let key = upload.key();
    let at = MultipartRef { key: &key, s3_id };
    let bucket = &app.reconciler.bucket;
    for _ in 0..ATTEMPTS {
        let Some(received) = bucket
            .all_parts(at)
            .await
            .map_err(|error| storage_failed(&error))?
        else {
            // They were combined before and the reply was lost, or they were aborted. Reconciling finds out.
            return Ok(());
        };
        let total = total_size(listed, &received).ok_or(INCOMPLETE)?;
        if matches!(upload.transfer, Transfer::UnsizedMultipart { .. }) {
            // Including parts that are not listed: S3 keeps them until it has combined the others.
            let all = received.iter().map(|part| part.size).sum();
            if !charge_received(app, upload, all).await? {
                continue;
            }
        } else if total != upload.size.bytes() {
            return Err(SIZE_MISMATCH);
        }
        let completed = bucket.complete_multipart(at, listed).await;
        return match completed.map_err(|error| storage_failed(&error))? {
            Completed::Done | Completed::Unknown => Ok(()),
            Completed::Refused(word) => {
                tracing::info!(word, "parts_refused");
                Err(INCOMPLETE)
            }
        };
    }
    Err(Problem::unavailable())
}

/// Charges the bytes that S3 has received of a file whose size was not announced. Returns `false` if another request
/// changed the upload meanwhile, so that the parts must be measured again.
async fn charge_received(app: &App, upload: &mut Upload, received: u64) -> Result<bool, Problem> {
    let size = Size::parse(received).map_err(|_| SIZE_MISMATCH)?;
    match app.change_once(upload, &Event::Measured(size)).await? {
        ChangeOnceOutcome::Ended(ChangeOutcome::Applied(measured)) => {
            *upload = *measured;
            Ok(true)
        }
        ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(limit, usage)) => {
            // S3 has received more than there is room for.
            app.fail_over_quota(upload).await?;
            Err(limit_exceeded(limit, &usage))
        }
        ChangeOnceOutcome::Ended(ChangeOutcome::Refused(refusal)) => Err(refusal_problem(refusal)),
        ChangeOnceOutcome::Ended(ChangeOutcome::NotFound) => Err(Problem::not_found()),
        ChangeOnceOutcome::Conflict(newer) => {
            *upload = *newer;
            Ok(false)
        }
    }
}

/// Returns the bytes of the listed parts, if S3 has each of them with this `ETag`.
fn total_size(listed: &[(PartNumber, String)], received: &[Part]) -> Option<u64> {
    let size = |(number, etag): &(PartNumber, String)| {
        let at = received
            .binary_search_by_key(&number.get(), |part| part.number)
            .ok()?;
        let part = &received[at];
        (part.etag == *etag).then_some(part.size)
    };
    listed.iter().map(size).sum()
}
