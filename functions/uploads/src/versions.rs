use api::{
    Authenticated, Cursor, Fields, FromFields, JsonBody, List, Page, Problem, ProblemDocument,
    Timestamp, text,
};
use arrivals::{Arrival, Shelves};
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{Invalid, Upload, UploadStatus, upload::Size};
use http::StatusCode;
use serde::Serialize;
use storage::Version;
use store::uploads::Announced;
use utoipa::ToSchema;

use crate::{App, arrival_failed, create::QUOTA_EXCEEDED, storage_failed, view::UploadAnswer};

/// S3 copies no more at once.
const MAX_COPY_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// 409: another request got there first; the code that tells clients to send theirs again.
const CHANGING: Problem = Problem::new(
    StatusCode::CONFLICT,
    "request_in_progress",
    "another request is changing this upload; try again in a moment",
);
const NO_SUCH_VERSION: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "version_not_found",
    "the upload has no such version, or it is forgotten by now",
);
const TOO_LARGE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "version_too_large",
    "versions of more than 5 GiB cannot be restored here",
);
const BAD_VERSION: Invalid = Invalid {
    code: "invalid_version",
    detail: "must be the id of a version, as the list of versions has it",
};

/// A version of an upload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Version)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    version_id: String,
    size: u64,
    stored_at: Timestamp,
    /// Whether it is what a download gets.
    is_current: bool,
}

/// List the versions of an upload that can be restored, newest first.
#[utoipa::path(
    get,
    path = "/uploads/{id}/versions",
    operation_id = "listVersions",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id"), Page),
    responses(
        (status = 200, body = List<VersionView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    page: Page,
) -> Result<Json<List<VersionView>>, Problem> {
    let upload = app.find(&caller, &id).await?;
    let before: usize = page.place()?;
    // S3's own markers are longer than a cursor, so it says how many come before. A version that is made between two pages
    // moves the others by one, and one of them is shown twice.
    let wanted = before + page.limit + 1;
    let versions = app.shelves.bucket.versions(&upload.key(), wanted).await;
    let versions = versions.map_err(|error| storage_failed(&error))?;
    let rows = (1..).zip(versions).skip(before).collect();
    let cursor = |(number, _): &(u32, Version)| Cursor::at(*number);
    let view = |(_, version): &(u32, Version)| VersionView::from(version);
    Ok(Json(List::of(rows, page, cursor, view)))
}

/// A version to restore.
#[derive(ToSchema)]
#[schema(as = Restoration, rename_all = "camelCase")]
pub struct Form {
    /// Its id.
    #[schema(min_length = 1, max_length = 1024)]
    version_id: String,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let version_id = fields.required("versionId", text(version_id))?;
        Some(Self { version_id })
    }
}

fn version_id(text: &str) -> Result<String, Invalid> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain && (1..=1024).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(BAD_VERSION)
    }
}

/// Make a version the current one; a deleted upload comes back with it.
#[utoipa::path(
    post,
    path = "/uploads/{id}/restore",
    operation_id = "restoreVersion",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = Form,
    responses(
        (status = 200, body = UploadAnswer),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`, `version_not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`upload_not_stored`, `upload_locked`, `quota_exceeded`, `version_too_large`, \
                `request_in_progress`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_version`, `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn restore(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<UploadAnswer>, Problem> {
    let shelves = &app.shelves;
    let upload = app.find(&caller, &id).await?;
    // One that was stored and is pending is on its way back: an earlier restoration did not get there.
    if !upload.was_stored() {
        return Err(Problem::upload_not_stored());
    }
    if upload.is_locked(app.clock.now()) {
        return Err(Problem::upload_locked());
    }
    let version_id = form.version_id;
    let version = shelves.bucket.version(&upload.key(), &version_id).await;
    let version = version.map_err(|error| storage_failed(&error))?;
    let version = version.ok_or(NO_SUCH_VERSION)?;
    if version.size > MAX_COPY_BYTES {
        return Err(TOO_LARGE);
    }
    if upload.status == UploadStatus::Stored && upload.version_id.as_ref() == Some(&version_id) {
        // Something else may lie on top of it that the record does not know of.
        let current = shelves.bucket.head(&upload.key()).await;
        let current = current.map_err(|error| storage_failed(&error))?;
        if current.and_then(|object| object.version_id).as_ref() == Some(&version_id) {
            return Ok(Json(UploadAnswer::from(&upload)));
        }
    }
    let charged = room_for(&app, upload, version.size).await?;
    let copied = shelves.bucket.restore(&charged.key(), &version_id).await;
    if !copied.map_err(|error| storage_failed(&error))? {
        put_back(&app, &charged).await?;
        return Err(NO_SUCH_VERSION);
    }
    match shelves
        .look(&charged, app.clock.now())
        .await
        .map_err(arrival_failed)?
    {
        Arrival::Stored(upload) => Ok(Json(UploadAnswer::from(&*upload))),
        // Locked meanwhile; the copy's event takes it away again.
        Arrival::Locked(_) => Err(Problem::upload_locked()),
        Arrival::Awaited | Arrival::Mismatch(_) | Arrival::Over => {
            Err(Problem::upload_not_stored())
        }
    }
}

/// There is nothing to copy after all: the record says again what S3 has.
async fn put_back(app: &App, charged: &Upload) -> Result<(), Problem> {
    let (shelves, now) = (&app.shelves, app.clock.now());
    let looked = shelves.look(charged, now).await.map_err(arrival_failed)?;
    if looked == Arrival::Awaited {
        let given_up = shelves.give_up(charged, now).await;
        given_up.map_err(arrival_failed)?;
    }
    Ok(())
}

/// Takes room for a version: all of it for a deleted upload that comes back, else what it has more. What it has less is
/// given back once it is there. From here on S3's event completes it, too, and if that is lost, it is due.
async fn room_for(app: &App, upload: Upload, bytes: u64) -> Result<Upload, Problem> {
    let shelves = &app.shelves;
    let Shelves {
        uploads, quotas, ..
    } = shelves;
    let size = Size::parse(bytes).map_err(|_| TOO_LARGE)?;
    let now = app.clock.now();
    let (taken, size, status) = match upload.status {
        status @ (UploadStatus::Stored | UploadStatus::Pending) => {
            let size = size.max(upload.size);
            let widened = uploads.widen(quotas, &upload, size, now).await?;
            (widened, size, status)
        }
        UploadStatus::Deleted => {
            let mut back = uploads.bring_back(quotas, &upload, size, now).await?;
            if back == Announced::KeyUsed {
                // Whoever deleted it may not have got as far as to S3.
                let cleared = shelves.clear_away(&upload, now).await;
                cleared.map_err(arrival_failed)?;
                back = uploads.bring_back(quotas, &upload, size, now).await?;
            }
            (back, size, UploadStatus::Pending)
        }
        UploadStatus::Failed => return Err(Problem::upload_not_stored()),
    };
    match taken {
        Announced::Created => Ok(Upload {
            size,
            status,
            ..upload
        }),
        Announced::QuotaExceeded => Err(QUOTA_EXCEEDED),
        Announced::KeyUsed => Err(CHANGING),
    }
}

impl From<&Version> for VersionView {
    fn from(version: &Version) -> Self {
        Self {
            version_id: version.id.clone(),
            size: version.size,
            stored_at: Timestamp(version.stored_at),
            is_current: version.is_current,
        }
    }
}
