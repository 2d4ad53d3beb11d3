use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    Invalid, Upload, UploadId, UserId,
    upload::{
        Announcement, ContentType, Filename, Limit, MULTIPART_LIFETIME, PartPlan, Sha256, Size,
        Transfer, Transition,
    },
};
use http::{StatusCode, header};
use http_api::{
    Authenticated, Fields, FromFields, IdempotencyKey, JsonBody, Problem, ProblemDocument,
    UploadView, number, text,
};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{limit_exceeded, storage_failed},
    repeat::{Repeatable, announce},
    view::{NewUpload, TransferView},
};

const NO_DIGEST_OF_PARTS: Invalid = Invalid {
    code: "sha256_not_supported",
    detail: "S3 compares the SHA-256 of a whole file up to 100 MiB only; leave it out",
};

/// A file to come.
#[derive(ToSchema)]
#[schema(as = UploadAnnouncement, rename_all = "camelCase")]
pub struct Form {
    /// Its name without a path.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "holiday.jpg")]
    filename: Filename,
    /// Its media type, which S3 will insist on and serve it as.
    #[schema(value_type = String, max_length = 255, example = "image/jpeg")]
    content_type: ContentType,
    /// Its bytes, which S3 will insist on.
    #[schema(value_type = u64, maximum = 5_497_558_138_880_u64, example = 1_048_576)]
    size: Size,
    /// Its SHA-256, in hexadecimal digits or base64, which S3 will compare; up to 100 MiB.
    #[schema(value_type = Option<String>)]
    sha256: Option<Sha256>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let filename = fields.required("filename", text(Filename::parse));
        let content_type = fields.required("contentType", text(ContentType::parse));
        let size = fields.required("size", number(Size::parse));
        let mut sha256 = fields.optional("sha256", text(Sha256::parse));
        if matches!((size, &sha256), (Some(size), Some(Some(_))) if !size.is_single()) {
            sha256 = fields.refuse("sha256", NO_DIGEST_OF_PARTS);
        }
        Some(Self {
            filename: filename?,
            content_type: content_type?,
            size: size?,
            sha256: sha256?,
        })
    }
}

/// Announce a file.
///
/// Up to 100 MiB it goes to S3 with one PUT, above in parts. S3 takes nothing but what was announced.
#[utoipa::path(
    post,
    path = "/uploads",
    operation_id = "createUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = Form,
    responses(
        (status = 201, body = NewUpload, headers(("Location" = String, description = "where the upload is"))),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`quota_exceeded`, `too_many_open_uploads`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_filename`, `invalid_content_type`, `too_large`, \
                `invalid_sha256`, `sha256_not_supported`, `required`, `wrong_type`, `unknown_field`), \
                `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(form): JsonBody<Form>,
) -> Result<Response, Problem> {
    let size = form.size.bytes().to_string();
    let asked = [
        Some(form.filename.as_str()),
        Some(form.content_type.as_str()),
        Some(size.as_str()),
        form.sha256.as_ref().map(Sha256::as_str),
    ];
    let repeatable = Repeatable::new(caller.user_id, "POST /uploads", key, &asked);
    if let Some(repeatable) = &repeatable
        && let Some(answer) = repeatable.answer(&app).await?
    {
        return created(answer);
    }
    let now = app.clock.now();
    let announcement = announced(&app, caller.user_id, form, now).await?;
    let answer = answer(&app, &announcement.to, now).await?;
    let answer = announce(&app, &announcement, repeatable.as_ref(), answer).await?;
    created(answer)
}

async fn announced(
    app: &App,
    owner: UserId,
    form: Form,
    now: OffsetDateTime,
) -> Result<Transition, Problem> {
    let id = UploadId::new(now);
    let transfer = if form.size.is_single() {
        Transfer::Put
    } else {
        app.s3_limit.check(&owner.to_string()).await?;
        let usage = app.reconciler.uploads.quotas().usage(owner).await?;
        // Without room, S3 need not begin.
        if usage.left() < form.size.bytes() {
            return Err(limit_exceeded(Limit::Used, &usage));
        }
        let key = Upload::key_of(owner, id);
        let bucket = &app.reconciler.bucket;
        let begun = bucket.begin_multipart(&key, &form.content_type).await;
        Transfer::Multipart {
            s3_id: begun.map_err(|error| storage_failed(&error))?,
            part_size: PartPlan::of(form.size).part_size,
        }
    };
    let announcement = Announcement {
        owner,
        id,
        filename: form.filename,
        content_type: form.content_type,
        size: form.size,
        sha256: form.sha256,
        transfer,
    };
    Ok(Upload::announce(announcement, now))
}

async fn answer(app: &App, upload: &Upload, now: OffsetDateTime) -> Result<String, Problem> {
    let transfer = if upload.multipart_id().is_some() {
        TransferView::multipart(PartPlan::of(upload.size), now + MULTIPART_LIFETIME)
    } else {
        let signed = app.reconciler.bucket.put_url(upload, now).await;
        signed.map_err(|error| storage_failed(&error))?.into()
    };
    let answer = NewUpload {
        upload: UploadView::from(upload),
        transfer,
    };
    serde_json::to_string(&answer).map_err(|error| Problem::internal(&error))
}

/// The answer is text already: what was stored is what is sent again. The `Location` is in it too.
fn created(answer: String) -> Result<Response, Problem> {
    let read: serde_json::Value =
        serde_json::from_str(&answer).map_err(|error| Problem::internal(&error))?;
    let id = read["upload"]["id"].as_str().unwrap_or_default();
    let headers = [
        (header::LOCATION, format!("/uploads/{id}")),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, answer).into_response())
}
