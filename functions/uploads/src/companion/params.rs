use std::collections::BTreeMap;

use axum::{Json, extract::State};
use domain::{
    Upload, UploadId,
    upload::{Announcement, ContentType, Filename, Size, Transfer, URL_LIFETIME},
};
use http_api::{Problem, ProblemDocument};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Uploader,
    asked::{Asked, refuse},
};
use crate::{App, problems::storage_failed, repeat::announce_within};

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
            description = "`quota_exceeded`, `too_many_open_uploads`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`, `invalid_filename`, `invalid_content_type`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
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
    // Room for the most that the form may bring: 100 MiB, or what is left. What it does not bring is given back.
    let announcement = announce_within(&app, owner, |left| {
        let announcement = Announcement {
            owner,
            id: UploadId::new(now),
            filename: filename.clone(),
            content_type: content_type.clone(),
            size: Size::MAX_SINGLE.at_most(left),
            sha256: None,
            transfer: Transfer::Form,
        };
        (left > 0).then(|| Upload::announce(announcement, now))
    });
    let form = app.reconciler.bucket.form(&announcement.await?.to, now);
    let form = form.map_err(|error| storage_failed(&error))?;
    Ok(Json(FormParams {
        method: "POST",
        url: form.url,
        fields: form.fields.into_iter().collect(),
        expires: URL_LIFETIME.whole_seconds(),
    }))
}

/// The type that the widget found out; it knows that of few files.
pub fn content_type(text: Option<&str>) -> Result<ContentType, Problem> {
    match text {
        None => Ok(ContentType::unknown()),
        Some(text) => ContentType::parse(text).map_err(|invalid| refuse("type", invalid)),
    }
}
