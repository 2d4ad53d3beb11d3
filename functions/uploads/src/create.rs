use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    Invalid, Upload, UploadId, UserId,
    upload::{
        Announcement, ContentType, Filename, Limit, MULTIPART_LIFETIME, PartPlan, Sha256, Size,
        Thumbnail, Transfer, Transition,
    },
};
use http::{StatusCode, header};
use http_api::{
    Authenticated, Fields, FromFields, IdempotencyKey, IdempotentRequest, JsonBody, Problem,
    ProblemDocument, UploadView, number, text,
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{limit_exceeded, storage_failed},
    record::create_record,
    thumbnails::{self, CreateThumbnail},
    view::{CreateUploadResponse, TransferView},
};

const SHA256_NOT_SUPPORTED: Invalid = Invalid {
    code: "sha256_not_supported",
    detail: "S3 checks the SHA-256 of files up to 100 MiB only. Leave this field out.",
};

/// The file to upload.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreateUploadRequest {
    /// The name of the file, without a path.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "holiday.jpg")]
    filename: Filename,
    /// The media type. S3 accepts no other, and sends it with downloads.
    #[schema(value_type = String, max_length = 255, example = "image/jpeg")]
    content_type: ContentType,
    /// The size in bytes. S3 accepts no other.
    #[schema(value_type = u64, maximum = 5_497_558_138_880_u64, example = 1_048_576)]
    size: Size,
    /// The SHA-256 in hexadecimal or base64, for files up to 100 MiB. S3 checks it.
    #[schema(value_type = Option<String>)]
    sha256: Option<Sha256>,
    /// A small image that stands for the file in lists.
    #[schema(value_type = Option<CreateThumbnail>)]
    thumbnail: Option<Thumbnail>,
}

impl FromFields for CreateUploadRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let filename = fields.required("filename", text(Filename::parse));
        let content_type = fields.required("contentType", text(ContentType::parse));
        let size = fields.required("size", number(Size::parse));
        let mut sha256 = fields.optional("sha256", text(Sha256::parse));
        if matches!((size, &sha256), (Some(size), Some(Some(_))) if !size.is_single()) {
            sha256 = fields.refuse("sha256", SHA256_NOT_SUPPORTED);
        }
        let thumbnail = thumbnails::read(fields);
        Some(Self {
            filename: filename?,
            content_type: content_type?,
            size: size?,
            sha256: sha256?,
            thumbnail: thumbnail?,
        })
    }
}

/// Create an upload.
///
/// `transfer` says how to send the file to S3: up to 100 MiB with one PUT, above in parts. S3 accepts only a file of the
/// announced size and type. With `thumbnail`, `thumbnailTransfer` says how to send that; its bytes count towards the quota.
#[utoipa::path(
    post,
    path = "/uploads",
    operation_id = "createUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    request_body = CreateUploadRequest,
    responses(
        (status = 201, description = "the upload is created", body = CreateUploadResponse,
            headers(("Location" = String, description = "the path of the upload"))),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`quota_exceeded`, `too_many_open_uploads`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_filename`, `invalid_content_type`, `too_large`, \
                `invalid_size`, `invalid_sha256`, `sha256_not_supported`, `required`, `wrong_type`, `unknown_field`), \
                `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`: only for files in parts"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(request): JsonBody<CreateUploadRequest>,
) -> Result<Response, Problem> {
    let size = request.size.bytes().to_string();
    let thumbnail = request.thumbnail;
    let thumbnail_size = thumbnail.map(|it| it.size.bytes().to_string());
    let mut fields = vec![
        Some(request.filename.as_str()),
        Some(request.content_type.as_str()),
        Some(size.as_str()),
        request.sha256.as_ref().map(Sha256::as_str),
    ];
    if let (Some(thumbnail), Some(size)) = (thumbnail, &thumbnail_size) {
        fields.extend([Some(thumbnail.content_type.as_str()), Some(size.as_str())]);
    }
    let idempotent = IdempotentRequest::new(caller.user_id, "POST /uploads", key, &fields);
    if let Some(idempotent) = &idempotent
        && let Some(body) = idempotent
            .find_body(&app.idempotency, app.clock.now())
            .await?
    {
        return respond(body);
    }
    let now = app.clock.now();
    let creation = new_upload(&app, caller.user_id, request, now).await?;
    let (creation, thumbnail) = match thumbnail {
        Some(thumbnail) => {
            let (creation, thumbnail) = creation.with_thumbnail(thumbnail, now);
            (creation, Some(thumbnail))
        }
        None => (creation, None),
    };
    let to_send = thumbnail.as_ref().map(|thumbnail| &thumbnail.to);
    let body = response_body(&app, &creation.to, to_send, now).await?;
    let creations = (&creation, thumbnail.as_ref());
    respond(create_record(&app, creations, idempotent.as_ref(), body).await?)
}

/// Creates the upload in memory, after S3 has started its multipart upload if it needs one.
async fn new_upload(
    app: &App,
    owner: UserId,
    request: CreateUploadRequest,
    now: OffsetDateTime,
) -> Result<Transition, Problem> {
    let id = UploadId::new(now);
    let transfer = if request.size.is_single() {
        Transfer::Put
    } else {
        app.s3_limit.check(&owner.to_string()).await?;
        let usage = app.reconciler.uploads.quotas().usage(owner).await?;
        // Without room, no multipart upload is started in S3.
        if usage.left() < request.size.bytes() {
            return Err(limit_exceeded(Limit::Used, &usage));
        }
        let key = Upload::key_of(owner, id);
        let bucket = &app.reconciler.bucket;
        let s3_id = bucket.begin_multipart(&key, &request.content_type).await;
        Transfer::Multipart {
            s3_id: s3_id.map_err(|error| storage_failed(&error))?,
            part_size: PartPlan::of(request.size).part_size,
        }
    };
    let announcement = Announcement {
        owner,
        id,
        filename: request.filename,
        content_type: request.content_type,
        size: request.size,
        sha256: request.sha256,
        transfer,
    };
    Ok(Upload::announce(announcement, now))
}

async fn response_body(
    app: &App,
    upload: &Upload,
    thumbnail: Option<&Upload>,
    now: OffsetDateTime,
) -> Result<String, Problem> {
    let put = async |upload: &Upload| {
        let signed = app.reconciler.bucket.put_url(upload, now).await;
        signed.map_err(|error| storage_failed(&error))
    };
    let transfer = if upload.multipart_id().is_some() {
        TransferView::multipart(PartPlan::of(upload.size), now + MULTIPART_LIFETIME)
    } else {
        put(upload).await?.into()
    };
    let thumbnail_transfer = match thumbnail {
        Some(thumbnail) => Some(put(thumbnail).await?.into()),
        None => None,
    };
    let body = CreateUploadResponse {
        upload: UploadView::from(upload),
        transfer,
        thumbnail_transfer,
    };
    serde_json::to_string(&body).map_err(|error| Problem::internal(&error))
}

/// Creates the response with a serialized body. The body of a repeated request was stored; it also contains the upload's id
/// for the `Location`.
fn respond(body: String) -> Result<Response, Problem> {
    let parsed: serde_json::Value =
        serde_json::from_str(&body).map_err(|error| Problem::internal(&error))?;
    let id = parsed["upload"]["id"].as_str().unwrap_or_default();
    let headers = [
        (header::LOCATION, format!("/uploads/{id}")),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, body).into_response())
}
