use api::{Authenticated, Fields, FromFields, JsonBody, Problem, ProblemDocument, Timestamp, text};
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    UploadStatus,
    upload::{Event, lock_until},
};
use serde::Serialize;
use time::OffsetDateTime;
use upload_reconciler::Changed;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{LOCKED, NOT_STORED, refused, storage_failed},
    view::UploadView,
};

/// Until when.
#[derive(ToSchema)]
#[schema(as = UploadLock)]
pub struct Form {
    /// A time at least 5 seconds in the future, at most 100 years away.
    #[schema(value_type = String, format = DateTime)]
    until: Until,
}

/// Judged by the handler, which knows what time it is.
type Until = String;

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let until = fields.required("until", text(|text| Ok(text.to_owned())))?;
        Some(Self { until })
    }
}

/// A locked upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockedUpload {
    upload: UploadView,
    locked_until: Timestamp,
}

/// Make an upload write-once until a time (S3 Object Lock, compliance mode).
///
/// Nobody can delete or replace it before, and nobody can shorten the time, not even the owner of the AWS account.
#[utoipa::path(
    put,
    path = "/uploads/{id}/lock",
    operation_id = "lockUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = Form,
    responses(
        (status = 200, body = LockedUpload),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_locked`, `upload_not_stored`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_time`, `not_in_future`, `required`, `wrong_type`, \
                `unknown_field`)"),
    )
)]
pub async fn lock(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<LockedUpload>, Problem> {
    let until = lock_until(&form.until, app.clock.now())
        .map_err(|invalid| Problem::invalid(vec![api::FieldError::at("/until", invalid)]))?;
    let upload = app.find(&caller, &id).await?;
    if upload.status() != UploadStatus::Stored {
        return Err(NOT_STORED);
    }
    // The record first: from then on nothing deletes it, so what S3 locks is what is there.
    let upload = match app.change(upload, &Event::Locked(until)).await? {
        Changed::Done(upload) => upload,
        Changed::Refused(refusal) => return Err(refused(refusal)),
        Changed::LimitExceeded(..) | Changed::Gone => return Err(Problem::not_found()),
    };
    let version = upload.state.file().map(|file| file.version_id.as_str());
    let locked = app
        .reconciler
        .bucket
        .lock(&upload.key(), version, until)
        .await;
    if !locked.map_err(|error| storage_failed(&error))? {
        return Err(LOCKED);
    }
    Ok(Json(LockedUpload {
        locked_until: Timestamp(upload.locked_until.unwrap_or(OffsetDateTime::UNIX_EPOCH)),
        upload: UploadView::from(&upload),
    }))
}
