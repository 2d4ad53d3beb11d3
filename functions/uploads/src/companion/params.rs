use std::collections::BTreeMap;

use api::{Problem, ProblemDocument};
use axum::{Json, extract::State};
use domain::{
    Upload, UploadId, UserId,
    upload::{ContentType, Filename, Size, Transfer, URL_LIFETIME},
};
use serde::Serialize;
use store::uploads::Announced;
use utoipa::ToSchema;

use super::{
    Uploader,
    asked::{Asked, refuse},
};
use crate::{App, create::QUOTA_EXCEEDED, storage_failed};

/// A form for one file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CompanionForm)]
pub struct FormParams {
    #[schema(pattern = "^POST$")]
    method: &'static str,
    #[schema(format = "uri")]
    url: String,
    /// To be sent before the file.
    fields: BTreeMap<&'static str, String>,
    /// Seconds until it expires.
    expires: i64,
}

/// Get a form for one file of up to 100 MiB.
#[utoipa::path(
    get,
    path = "/s3/params",
    operation_id = "companionParams",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("filename" = String, Query, description = "the file's name without a path"),
        ("type" = Option<String>, Query, description = "its media type"),
    ),
    responses(
        (status = 200, body = FormParams),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`quota_exceeded`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`, `invalid_filename`, `invalid_content_type`)"),
    )
)]
pub async fn params(
    State(app): State<App>,
    Uploader(owner): Uploader,
    asked: Asked,
) -> Result<Json<FormParams>, Problem> {
    let filename = asked.required("filename", Filename::parse)?;
    let content_type = content_type(asked.optional("type"))?;
    let now = app.clock.now();
    let mut upload = Upload::announced(
        (owner, UploadId::new(now)),
        (filename, content_type),
        (Size::MAX_SINGLE, None),
        Transfer::Form,
        now,
    );
    reserve(&app, owner, &mut upload).await?;
    let form = app.shelves.bucket.form(&upload, now);
    let form = form.map_err(|error| storage_failed(&error))?;
    Ok(Json(FormParams {
        method: "POST",
        url: form.url,
        fields: form.fields.into_iter().collect(),
        expires: URL_LIFETIME.whole_seconds(),
    }))
}

/// How often room is asked for while others of the same owner take and give it.
const TRIES: u32 = 5;

/// Takes room for the most that the form may bring: 100 MiB, or what is left. That may change between the question and
/// the taking.
async fn reserve(app: &App, owner: UserId, upload: &mut Upload) -> Result<(), Problem> {
    let shelves = &app.shelves;
    for _ in 0..TRIES {
        let tables = (&shelves.quotas, &app.idempotency);
        if shelves.uploads.announce(tables, upload, None).await? == Announced::Created {
            return Ok(());
        }
        let left = shelves.quotas.left(owner).await?;
        if left == 0 {
            return Err(QUOTA_EXCEEDED);
        }
        upload.size = Size::parse(left).map_or(Size::MAX_SINGLE, |left| left.min(Size::MAX_SINGLE));
    }
    Err(Problem::unavailable())
}

/// The type that the widget found out; it knows that of few files.
pub fn content_type(text: Option<&str>) -> Result<ContentType, Problem> {
    match text {
        None => Ok(ContentType::unknown()),
        Some(text) => ContentType::parse(text).map_err(|invalid| refuse("type", invalid)),
    }
}
