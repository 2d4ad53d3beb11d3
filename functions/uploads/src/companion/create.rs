use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use domain::{
    Invalid, Upload, UploadId, UserId,
    upload::{
        Announcement, ContentType, Filename, Limit, PartPlan, Reservation, Size, Transfer,
        Transition,
    },
};
use http::header::CONTENT_TYPE;
use http_api::{
    Fields, FromFields, IdempotencyKey, IdempotentRequest, JsonBody, Problem, ProblemDocument, text,
};
use serde_json::json;
use utoipa::ToSchema;

use super::uploader::Uploader;
use crate::{
    App,
    problems::{limit_exceeded, storage_failed},
    record::create_record,
};

/// The file to upload in parts.
#[derive(ToSchema)]
pub struct CompanionCreateRequest {
    /// The name of the file, without a path.
    #[schema(value_type = String)]
    filename: Filename,
    /// The media type.
    #[schema(rename = "type", value_type = Option<String>)]
    content_type: ContentType,
    /// With `size` (in bytes), the parts are planned as the widget splits files by default, and signed with their lengths.
    /// Other fields only distinguish requests with the same `Idempotency-Key`.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
}

const NOT_AN_OBJECT: Invalid = Invalid {
    code: "wrong_type",
    detail: "This must be a JSON object.",
};

struct Metadata {
    text: String,
    size: Option<Size>,
}

impl FromFields for CompanionCreateRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let filename = fields.required("filename", text(Filename::parse));
        let parse_type = text(|text| match text {
            "" => Ok(ContentType::unknown()),
            text => ContentType::parse(text),
        });
        let content_type = fields.optional("type", parse_type);
        let metadata = fields.optional("metadata", |value| {
            if !value.is_object() {
                return Err(NOT_AN_OBJECT);
            }
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

/// Create a multipart upload.
#[utoipa::path(
    post,
    path = "/s3/multipart",
    operation_id = "companionBegin",
    tag = "companion",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    request_body = CompanionCreateRequest,
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
pub async fn create(
    State(app): State<App>,
    Uploader(owner): Uploader,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(request): JsonBody<CompanionCreateRequest>,
) -> Result<Response, Problem> {
    let fields = [
        Some(request.filename.as_str()),
        Some(request.content_type.as_str()),
        request
            .metadata
            .as_ref()
            .map(|metadata| metadata.text.as_str()),
    ];
    let idempotent = IdempotentRequest::new(owner, "POST /s3/multipart", key, &fields);
    if let Some(idempotent) = &idempotent
        && let Some(body) = idempotent
            .find_body(&app.idempotency, app.clock.now())
            .await?
    {
        return Ok(respond(body));
    }
    let creation = new_upload(&app, owner, request).await?;
    let (key, s3_id) = (
        creation.to.key(),
        creation.to.multipart_id().unwrap_or_default(),
    );
    let body = json!({"key": key, "uploadId": s3_id, "bucket": app.reconciler.bucket.name()});
    let body = create_record(
        &app,
        (&creation, None),
        idempotent.as_ref(),
        body.to_string(),
    )
    .await?;
    Ok(respond(body))
}

/// Creates the upload in memory, after S3 has started its multipart upload. Reserves room for the whole file if its size is
/// known, otherwise for its first parts.
async fn new_upload(
    app: &App,
    owner: UserId,
    request: CompanionCreateRequest,
) -> Result<Transition, Problem> {
    let (now, bucket) = (app.clock.now(), &app.reconciler.bucket);
    let usage = app.reconciler.uploads.quotas().usage(owner).await?;
    let size = request.metadata.and_then(|metadata| metadata.size);
    let reservation = match size {
        Some(size) if size.bytes() <= usage.left() => None,
        None => Reservation::new(0, 1, usage.left()),
        Some(_) => return Err(limit_exceeded(Limit::Used, &usage)),
    };
    let id = UploadId::new(now);
    // Without room, no multipart upload is started in S3.
    let size = size
        .or(reservation.map(|reservation| reservation.size))
        .ok_or_else(|| limit_exceeded(Limit::Used, &usage))?;
    let key = Upload::key_of(owner, id);
    let s3_id = bucket.begin_multipart(&key, &request.content_type).await;
    let s3_id = s3_id.map_err(|error| storage_failed(&error))?;
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
        filename: request.filename,
        content_type: request.content_type,
        size,
        sha256: None,
        transfer,
    };
    Ok(Upload::announce(announcement, now))
}

fn respond(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}
