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
    problems::{NOT_PENDING, limit_exceeded, reconcile_failed, refused, storage_failed},
    view::UploadAnswer,
};

const INCOMPLETE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_incomplete",
    "S3 does not have all of it: a part is missing, is not the one named, or nothing came at all; send it and complete again",
);
const SIZE_MISMATCH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "size_mismatch",
    "S3 has another number of bytes than was announced",
);
const CHECKSUM_MISMATCH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "checksum_mismatch",
    "S3 has bytes of another SHA-256 than was announced; the upload has failed, announce the file again",
);
const PARTS_REQUIRED: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "parts_required",
    "this upload came in parts: send their numbers and ETags as `parts`",
);
const BAD_ETAG: Invalid = Invalid {
    code: "invalid_etag",
    detail: "must be the ETag header that S3 answered the part's PUT with",
};
const PART_TWICE: Invalid = Invalid {
    code: "duplicate_part",
    detail: "names a part number twice",
};

/// What S3 answered the parts with; nothing for an upload of one piece.
#[derive(ToSchema)]
#[schema(as = UploadCompletion)]
pub struct Form {
    /// All parts, in any order.
    #[schema(value_type = Option<Vec<NamedPart>>, min_items = 1, max_items = 10_000)]
    parts: Option<Vec<(PartNumber, String)>>,
}

/// A part by its number and content.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Form` reads")]
struct NamedPart {
    #[schema(minimum = 1, maximum = 10_000)]
    part_number: u16,
    #[schema(example = "\"9b2cf535f27731c974343645a3985328\"")]
    etag: String,
}

impl FromFields for Form {
    // 10,000 parts.
    const MAX_BYTES: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields) -> Option<Self> {
        if !fields.has("parts") {
            return Some(Self { parts: None });
        }
        let max = usize::try_from(MAX_PARTS).unwrap_or(usize::MAX);
        let parts = fields.list("parts", max, |part| {
            let number = part.required("partNumber", number(PartNumber::parse));
            let etag = part.required("etag", text(etag));
            Some((number?, etag?))
        })?;
        Some(Self {
            parts: Some(in_order(fields, parts)?),
        })
    }
}

/// Parts as S3 wants them: each once, by number.
pub fn in_order(
    fields: &mut Fields,
    mut parts: Vec<(PartNumber, String)>,
) -> Option<Vec<(PartNumber, String)>> {
    parts.sort_unstable_by_key(|(number, _)| *number);
    if parts.windows(2).any(|two| two[0].0 == two[1].0) {
        return fields.refuse("parts", PART_TWICE);
    }
    Some(parts)
}

/// With the quotes that belong to it; who reads headers by a library may have lost them.
pub fn etag(text: &str) -> Result<String, Invalid> {
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

/// Say that all bytes are with S3.
///
/// Parts are put together. What S3 then has is compared with what was announced. Saying it again changes nothing.
#[utoipa::path(
    post,
    path = "/uploads/{id}/complete",
    operation_id = "completeUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = Form,
    responses(
        (status = 200, body = UploadAnswer),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_incomplete`, `size_mismatch`, `checksum_mismatch`, `upload_not_pending`, \
                `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`parts_required`, `validation_failed` (fields: `invalid_part_number`, `invalid_etag`, \
                `duplicate_part`, `empty`, `too_long`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn complete(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<UploadAnswer>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let stored = finish(&app, upload, form.parts).await?;
    Ok(Json(UploadAnswer::from(&stored)))
}

/// Puts the parts together, if it has parts, and sees what S3 has.
pub async fn finish(
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
        join(app, &mut upload, &s3_id, &parts.ok_or(PARTS_REQUIRED)?).await?;
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

/// How often parts are measured of an upload that other requests change meanwhile.
const TRIES: u32 = 5;

/// Puts the parts together, once their sizes are seen to add up: afterwards it could not be undone.
async fn join(
    app: &App,
    upload: &mut Upload,
    s3_id: &str,
    named: &[(PartNumber, String)],
) -> Result<(), Problem> {
    let key = upload.key();
    let at = MultipartRef { key: &key, s3_id };
    let bucket = &app.reconciler.bucket;
    for _ in 0..TRIES {
        let Some(received) = bucket
            .all_parts(at)
            .await
            .map_err(|error| storage_failed(&error))?
        else {
            // They were put together before, and the reply got lost; or they were given up. S3 will tell.
            return Ok(());
        };
        let total = total(named, &received).ok_or(INCOMPLETE)?;
        if matches!(upload.transfer, Transfer::UnsizedMultipart { .. }) {
            // All of them, also those that are not named: S3 keeps them until it has made the object.
            let all = received.iter().map(|part| part.size).sum();
            if !measure(app, upload, all).await? {
                continue;
            }
        } else if total != upload.size.bytes() {
            return Err(SIZE_MISMATCH);
        }
        let completed = bucket.complete_multipart(at, named).await;
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

/// Charges what S3 has received of a file whose size was not announced. `false`: another request was quicker, and S3 has
/// to be asked again.
async fn measure(app: &App, upload: &mut Upload, received: u64) -> Result<bool, Problem> {
    let size = Size::parse(received).map_err(|_| SIZE_MISMATCH)?;
    match app.change_once(upload, &Event::Measured(size)).await? {
        ChangeOnceOutcome::Ended(ChangeOutcome::Applied(measured)) => {
            *upload = *measured;
            Ok(true)
        }
        ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(limit, usage)) => {
            // S3 has more of it than there is room for.
            app.give_up(upload).await?;
            Err(limit_exceeded(limit, &usage))
        }
        ChangeOnceOutcome::Ended(ChangeOutcome::Refused(refusal)) => Err(refused(refusal)),
        ChangeOnceOutcome::Ended(ChangeOutcome::NotFound) => Err(Problem::not_found()),
        ChangeOnceOutcome::Conflict(newer) => {
            *upload = *newer;
            Ok(false)
        }
    }
}

/// Bytes of the named parts, if S3 has each of them with this content.
fn total(named: &[(PartNumber, String)], received: &[Part]) -> Option<u64> {
    let size = |(number, etag): &(PartNumber, String)| {
        let at = received
            .binary_search_by_key(&number.get(), |part| part.number)
            .ok()?;
        let part = &received[at];
        (part.etag == *etag).then_some(part.size)
    };
    named.iter().map(size).sum()
}
