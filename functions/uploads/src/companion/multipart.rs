use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use domain::{
    Invalid, Upload, UploadId, UserId,
    upload::{
        Announcement, ContentType, Filename, Limit, PartNumber, PartPlan, Reservation, Size,
        Transfer, Transition, URL_LIFETIME,
    },
};
use http::header::CONTENT_TYPE;
use http_api::{Fields, FromFields, IdempotencyKey, JsonBody, Problem, ProblemDocument, text};
use serde::Serialize;
use serde_json::json;
use storage::MultipartRef;
use utoipa::ToSchema;

use super::{
    Uploader,
    asked::{Asked, refuse},
};
use crate::{
    App,
    delete::cancel,
    parts::{MAX_SIGNED, presigned},
    problems::{NOT_PENDING, limit_exceeded, storage_failed},
    repeat::{Repeatable, announce},
};

const NOT_PART_NUMBERS: Invalid = Invalid {
    code: "invalid_part_number",
    detail: "must be 1 to 100 part numbers with commas between them, from 1 to 10000 each",
};

/// A file that comes in parts.
#[derive(ToSchema)]
#[schema(as = CompanionFile)]
pub struct Begin {
    #[schema(value_type = String)]
    filename: Filename,
    #[schema(rename = "type", value_type = Option<String>)]
    content_type: ContentType,
    /// If `size` (bytes) is present, the parts are planned as the widget cuts them by default, and signed with their lengths.
    /// Other fields are only compared when a request is repeated.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
}

struct Metadata {
    text: String,
    size: Option<Size>,
}

impl FromFields for Begin {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let filename = fields.required("filename", text(Filename::parse));
        let read_type = text(|text| match text {
            "" => Ok(ContentType::unknown()),
            text => ContentType::parse(text),
        });
        let content_type = fields.optional("type", read_type);
        let metadata = fields.optional("metadata", |value| {
            let size = match &value["size"] {
                serde_json::Value::String(text) => text.parse().ok(),
                size => size.as_u64(),
            };
            Ok(Metadata {
                text: value.to_string(),
                size: size.map(Size::parse).transpose()?,
            })
        });
        Some(Self {
            filename: filename?,
            content_type: content_type?.unwrap_or_else(ContentType::unknown),
            metadata: metadata?,
        })
    }
}

/// Begin a multipart upload.
#[utoipa::path(
    post,
    path = "/s3/multipart",
    operation_id = "companionBegin",
    tag = "companion",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = Begin,
    responses(
        (status = 200, body = Object, description = "`{key, uploadId, bucket}`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`quota_exceeded`, `too_many_open_uploads`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`invalid_filename`, `invalid_content_type`, `too_large`, `required`, \
                `wrong_type`, `unknown_field`), `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn begin(
    State(app): State<App>,
    Uploader(owner): Uploader,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(form): JsonBody<Begin>,
) -> Result<Response, Problem> {
    let asked = [
        Some(form.filename.as_str()),
        Some(form.content_type.as_str()),
        form.metadata
            .as_ref()
            .map(|metadata| metadata.text.as_str()),
    ];
    let repeatable = Repeatable::new(owner, "POST /s3/multipart", key, &asked);
    if let Some(repeatable) = &repeatable
        && let Some(answer) = repeatable.answer(&app).await?
    {
        return Ok(json_text(answer));
    }
    let announcement = announced(&app, owner, form).await?;
    let (key, s3_id) = (
        announcement.to.key(),
        announcement.to.multipart_id().unwrap_or_default(),
    );
    let answer = json!({"key": key, "uploadId": s3_id, "bucket": app.reconciler.bucket.name()});
    let answer = announce(&app, &announcement, repeatable.as_ref(), answer.to_string()).await?;
    Ok(json_text(answer))
}

/// The announcement of a multipart upload that S3 has begun. Room is reserved for all of it if its size is known, for its
/// first parts if not.
async fn announced(app: &App, owner: UserId, form: Begin) -> Result<Transition, Problem> {
    let (now, bucket) = (app.clock.now(), &app.reconciler.bucket);
    let usage = app.reconciler.uploads.quotas().usage(owner).await?;
    let size = form.metadata.and_then(|metadata| metadata.size);
    let reservation = match size {
        Some(size) if size.bytes() <= usage.left() => None,
        None => Reservation::new(0, 1, usage.left()),
        Some(_) => return Err(limit_exceeded(Limit::Used, &usage)),
    };
    let id = UploadId::new(now);
    // Without any room, S3 need not begin.
    let size = size
        .or(reservation.map(|reservation| reservation.size))
        .ok_or_else(|| limit_exceeded(Limit::Used, &usage))?;
    let key = Upload::key_of(owner, id);
    let begun = bucket.begin_multipart(&key, &form.content_type).await;
    let s3_id = begun.map_err(|error| storage_failed(&error))?;
    let transfer = match reservation {
        Some(reservation) => Transfer::UnsizedMultipart {
            s3_id,
            signings_left: reservation.signings,
        },
        None => Transfer::Multipart {
            s3_id,
            part_size: PartPlan::of_widget(size).part_size,
        },
    };
    let announcement = Announcement {
        owner,
        id,
        filename: form.filename,
        content_type: form.content_type,
        size,
        sha256: None,
        transfer,
    };
    Ok(Upload::announce(announcement, now))
}

fn json_text(json: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}

/// A part that S3 has, in S3's words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanionPart)]
#[serde(rename_all = "PascalCase")]
pub struct ListedPart {
    part_number: u16,
    size: u64,
    #[serde(rename = "ETag")]
    etag: String,
}

/// List all parts that S3 has.
#[utoipa::path(
    get,
    path = "/s3/multipart/{uploadId}",
    operation_id = "companionListParts",
    tag = "companion",
    security(("access_token" = [])),
    params(("uploadId" = String, Path), ("key" = String, Query)),
    responses(
        (status = 200, body = Vec<ListedPart>),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Uploader(owner): Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    asked: Asked,
) -> Result<Json<Vec<ListedPart>>, Problem> {
    let upload = find(&app, owner, &path, &asked).await?;
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
    let listed = parts.into_iter().map(|part| ListedPart {
        part_number: part.number,
        size: part.size,
        etag: part.etag,
    });
    Ok(Json(listed.collect()))
}

/// Sign one part (`{part}` is its number), or several (`batch`, with `partNumbers=1,2`).
#[utoipa::path(
    get,
    path = "/s3/multipart/{uploadId}/{part}",
    operation_id = "companionSignParts",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("uploadId" = String, Path),
        ("part" = String, Path, description = "a part number, or `batch`"),
        ("key" = String, Query),
        ("partNumbers" = Option<String>, Query, description = "for `batch`: 1 to 100 of them"),
    ),
    responses(
        (status = 200, body = Object, description = "`{url, expires}`, or `{presignedUrls: {\"1\": url}}`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`, `invalid_part_number`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn sign(
    State(app): State<App>,
    Uploader(owner): Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let upload = find(&app, owner, &path, &asked).await?;
    let part = path.get("part").map(String::as_str).unwrap_or_default();
    let (name, numbers) = if part == "batch" {
        let numbers = asked.required("partNumbers", part_numbers)?;
        ("partNumbers", numbers)
    } else {
        let number = part_number(part).map_err(|invalid| refuse("part", invalid))?;
        ("part", vec![number])
    };
    let signed = presigned(&app, upload, &numbers, |_| format!("/{name}")).await?;
    let mut urls = signed
        .into_iter()
        .map(|(number, signed)| (number.get(), signed.url));
    let answer = if part == "batch" {
        json!({"presignedUrls": urls.collect::<BTreeMap<_, _>>()})
    } else {
        let (expires, url) = (URL_LIFETIME.whole_seconds(), urls.next());
        json!({"url": url.map(|(_, url)| url), "expires": expires})
    };
    Ok(Json(answer).into_response())
}

fn part_number(text: &str) -> Result<PartNumber, Invalid> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or(NOT_PART_NUMBERS).and_then(PartNumber::parse)
}

fn part_numbers(text: &str) -> Result<Vec<PartNumber>, Invalid> {
    let numbers = text
        .split(',')
        .map(part_number)
        .collect::<Result<Vec<_>, _>>()?;
    if numbers.len() <= MAX_SIGNED {
        Ok(numbers)
    } else {
        Err(NOT_PART_NUMBERS)
    }
}

/// Give the upload up.
#[utoipa::path(
    delete,
    path = "/s3/multipart/{uploadId}",
    operation_id = "companionAbort",
    tag = "companion",
    security(("access_token" = [])),
    params(("uploadId" = String, Path), ("key" = String, Query)),
    responses(
        (status = 200, body = Object, description = "`{}`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_pending`, `request_in_progress`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn abort(
    State(app): State<App>,
    Uploader(owner): Uploader,
    Path(path): Path<BTreeMap<String, String>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let upload = find(&app, owner, &path, &asked).await?;
    // A grant does not allow deleting a stored file.
    cancel(&app, upload).await?;
    Ok(Json(json!({})).into_response())
}

/// The upload of a key, if it is the uploader's and S3 calls it so.
pub(super) async fn find(
    app: &App,
    owner: UserId,
    path: &BTreeMap<String, String>,
    asked: &Asked,
) -> Result<Upload, Problem> {
    let key = asked.required("key", |key| Ok(key.to_owned()))?;
    let (of, id) = Upload::of_key(&key).ok_or_else(Problem::not_found)?;
    if of != owner {
        return Err(Problem::not_found());
    }
    let found = app.reconciler.uploads.find(owner, id).await?;
    let s3_id = path.get("uploadId").map(String::as_str);
    found
        .filter(|upload| s3_id.is_some() && upload.multipart_id() == s3_id)
        .ok_or_else(Problem::not_found)
}
