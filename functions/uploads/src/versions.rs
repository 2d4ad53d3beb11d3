use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    Invalid, Upload, UploadStatus,
    upload::{DesiredContents, Event},
};
use http_api::{
    Authenticated, Fields, FromFields, JsonBody, List, Page, Problem, ProblemDocument, Timestamp,
    text,
};
use serde::Serialize;
use upload_reconciler::ChangeOutcome;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{NO_SUCH_VERSION, limit_exceeded, reconcile_failed, refusal_problem},
    thumbnails,
    view::UploadResponse,
};

const BAD_VERSION: Invalid = Invalid {
    code: "invalid_version",
    detail: "Invalid version id. Use one that `GET /uploads/{id}/versions` lists.",
};

/// A version of an upload's file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    version_id: String,
    /// The size in bytes.
    size: u64,
    stored_at: Timestamp,
    /// Whether downloads return this version.
    is_current: bool,
}

/// List the versions of an upload that can be restored.
///
/// The file of an upload never changes, so there is at most one version. There is none before the upload is stored, and none
/// after a deleted file is no longer kept.
#[utoipa::path(
    get,
    path = "/uploads/{id}/versions",
    operation_id = "listVersions",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id"), Page),
    responses(
        (status = 200, description = "a page of versions", body = List<VersionView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    page: Page,
) -> Result<Json<List<VersionView>>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let before: usize = page.offset()?;
    let versions = VersionView::of(&upload).into_iter().skip(before);
    Ok(Json(List {
        items: versions.collect(),
        next: None,
    }))
}

/// The version to restore.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RestoreUploadRequest {
    /// The id of the version, from the list of versions.
    #[schema(min_length = 1, max_length = 1024)]
    version_id: String,
}

impl FromFields for RestoreUploadRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let version_id = fields.required("versionId", text(parse_version_id))?;
        Some(Self { version_id })
    }
}

fn parse_version_id(text: &str) -> Result<String, Invalid> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain && (1..=1024).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(BAD_VERSION)
    }
}

/// Restore a deleted upload.
///
/// Its bytes count as used again. Grants to read it are not restored. Idempotent: restoring the current version also
/// returns 200.
#[utoipa::path(
    post,
    path = "/uploads/{id}/restore",
    operation_id = "restoreVersion",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = RestoreUploadRequest,
    responses(
        (status = 200, description = "the restored upload", body = UploadResponse),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`, `version_not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_stored`, `upload_locked`, `quota_exceeded`, `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_version`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn restore(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<RestoreUploadRequest>,
) -> Result<Json<UploadResponse>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let event = Event::Restored(request.version_id);
    let restoring = match app.change(upload, &event).await? {
        ChangeOutcome::Applied(upload) => *upload,
        ChangeOutcome::Refused(refusal) => return Err(refusal_problem(refusal)),
        ChangeOutcome::LimitExceeded(limit, usage) => return Err(limit_exceeded(limit, &usage)),
        ChangeOutcome::NotFound => return Err(Problem::not_found()),
    };
    let reconciled = app.reconciler.reconcile(restoring, app.clock.now()).await;
    let restored = reconciled.map_err(reconcile_failed)?.upload;
    match restored {
        Some(upload) if upload.status() == UploadStatus::Stored => {
            thumbnails::restore_of(&app, &upload).await?;
            Ok(Json(UploadResponse::from(&upload)))
        }
        // S3 no longer has the file, or the upload was deleted again meanwhile.
        _ => Err(NO_SUCH_VERSION),
    }
}

impl VersionView {
    fn of(upload: &Upload) -> Option<Self> {
        let file = upload.state.file()?;
        Some(Self {
            version_id: file.version_id.clone(),
            size: upload.size.bytes(),
            stored_at: Timestamp(file.stored_at),
            is_current: matches!(upload.desired_contents(), Some(DesiredContents::Shown(_)))
                && upload.status() == UploadStatus::Stored,
        })
    }
}
