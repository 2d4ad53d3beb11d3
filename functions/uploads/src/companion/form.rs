use std::collections::BTreeMap;

use axum::{Json, extract::State};
use domain::{
    Upload, UploadId,
    upload::{Announcement, ContentType, Filename, Size, Transfer, URL_LIFETIME},
};
use http_api::{Problem, ProblemDocument};
use serde::Serialize;
use utoipa::ToSchema;

use super::uploader::Uploader;
use crate::{
    App,
    problems::storage_failed,
    query::{QueryParams, invalid_param},
    record::create_record_within,
};

/// A form that uploads one file to S3.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanionForm {
    #[schema(pattern = "^POST$")]
    method: &'static str,
    /// The URL of the POST request.
    #[schema(format = "uri")]
    url: String,
    /// The fields of the form. Send them before the file.
    fields: BTreeMap<&'static str, String>,
    /// Seconds until the form expires.
    expires: i64,
}

/// Create a form for one file of up to 100 MiB.
#[utoipa::path(
    get,
    path = "/s3/params",
    operation_id = "companionParams",
    tag = "companion",
    security(("access_token" = [])),
    params(
        ("filename" = String, Query, min_length = 1, description = "the name of the file, without a path"),
        ("type" = Option<String>, Query, description = "the media type"),
    ),
    responses(
        (status = 200, description = "the form", body = CompanionForm),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`quota_exceeded`, `too_many_open_uploads`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (`required`, `invalid_filename`, `invalid_content_type`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Uploader(owner): Uploader,
    query: QueryParams,
) -> Result<Json<CompanionForm>, Problem> {
    let filename = query.required("filename", Filename::parse)?;
    let content_type = parse_content_type(query.optional("type"))?;
    let now = app.clock.now();
    // Reserves the largest size that the form accepts: 100 MiB, or what is left. Unused bytes are freed later.
    let creation = create_record_within(&app, owner, |left| {
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
    let form = app.reconciler.bucket.form(&creation.await?.to, now);
    let form = form.map_err(|error| storage_failed(&error))?;
    Ok(Json(CompanionForm {
        method: "POST",
        url: form.url,
        fields: form.fields.into_iter().collect(),
        expires: URL_LIFETIME.whole_seconds(),
    }))
}

/// Parses the media type. It is optional, because the widget does not know it for all files.
fn parse_content_type(text: Option<&str>) -> Result<ContentType, Problem> {
    match text {
        None => Ok(ContentType::unknown()),
        Some(text) => ContentType::parse(text).map_err(|invalid| invalid_param("type", invalid)),
    }
}
