use auth::Caller;
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    Invalid, PasswordAttempt, Status, Upload, UploadId, UploadStatus,
    upload::{Event, Outcome, Refusal, check_lock_length, lock_needs_password, lock_until},
};
use http::StatusCode;
use http_api::{
    Authenticated, FieldError, Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument,
    Timestamp, UploadView, text,
};
use serde::Serialize;
use storage::{LockOutcome, Retention, StorageError, VersionRef};
use store::uploads::Applied;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{App, Inner};

/// 409: the operator has not enabled locks.
const DISABLED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "locks_disabled",
    "Locks are turned off. The operator of this API can turn them on with the parameter `MaxLockDays`.",
);
/// 409: the lock in place is stronger than the requested one.
const ALREADY_LOCKED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_locked",
    "This upload is already locked for longer, or in a mode that cannot be changed. Send a later `until`, or keep the \
     existing lock.",
);
/// Attempts to lock a record that other requests change at the same time.
const ATTEMPTS: u32 = 10;
const PASSWORD_REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "A lock of more than a day needs `password`. Send the password of your account.",
};

/// The lock to set.
#[derive(ToSchema)]
pub struct LockUploadRequest {
    /// When the lock ends: at least 5 seconds and at most `MaxLockDays` ahead.
    #[schema(value_type = String, format = DateTime)]
    until: String,
    /// The password of the caller's account. Required for a lock of more than a day.
    #[schema(value_type = Option<String>, format = Password, min_length = 1, nullable = false)]
    password: Option<PasswordAttempt>,
}

impl FromFields for LockUploadRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // Parsed by the handler, which knows the time.
        let until = fields.required("until", text(|text| Ok(text.to_owned())));
        let password = fields.optional("password", text(PasswordAttempt::parse));
        Some(Self {
            until: until?,
            password: password?,
        })
    }
}

/// A locked upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockUploadResponse {
    upload: UploadView,
    /// When the lock ends.
    locked_until: Timestamp,
}

/// Lock an upload until a time (S3 Object Lock).
///
/// A locked upload cannot be deleted, and the lock can be extended but not shortened. The operator can remove the lock,
/// unless the parameter `LockMode` is `compliance`. A lock of more than a day requires the password.
#[utoipa::path(
    put,
    path = "/uploads/{id}/lock",
    operation_id = "lockUpload",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = LockUploadRequest,
    responses(
        (status = 200, description = "the upload is locked", body = LockUploadResponse),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: the password is wrong, or the account is locked after wrong passwords"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`locks_disabled`, `upload_locked`, `upload_not_stored`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_time`, `not_in_future`, `lock_too_long`, `required`, \
                `empty`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn lock(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    gateway: Gateway,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<LockUploadRequest>,
) -> Result<Json<LockUploadResponse>, Problem> {
    if app.settings.longest.is_zero() {
        return Err(DISABLED);
    }
    let until = validate(&app, &request)?;
    let upload = find(&app, &caller, &id).await?;
    if upload.status() != UploadStatus::Stored {
        return Err(Problem::upload_not_stored());
    }
    check_account(&app, &gateway, &caller, &request).await?;
    // The record first: from then on the API neither deletes nor replaces the file, so S3 locks the version of the record.
    let upload = lock_in_record(&app, upload, until).await?;
    lock_in_s3(&app, &upload, until).await?;
    Ok(Json(LockUploadResponse {
        locked_until: Timestamp(until),
        upload: UploadView::from(&upload),
    }))
}

/// Checks `until`, and that a required password is present. Reports all invalid fields.
fn validate(app: &Inner, request: &LockUploadRequest) -> Result<OffsetDateTime, Problem> {
    let now = app.clock.now();
    let at_until = |invalid| FieldError::at("/until", invalid);
    let until = lock_until(&request.until, now);
    let until = until.map_err(|invalid| Problem::invalid(vec![at_until(invalid)]))?;
    let too_long = check_lock_length(until, now, app.settings.longest).err();
    let mut errors: Vec<_> = too_long.map(at_until).into_iter().collect();
    if lock_needs_password(until, now) && request.password.is_none() {
        errors.push(FieldError::at("/password", PASSWORD_REQUIRED));
    }
    if errors.is_empty() {
        Ok(until)
    } else {
        Err(Problem::invalid(errors))
    }
}

/// Finds the caller's upload. Another user's upload is not found: the owner is part of the key.
async fn find(app: &Inner, caller: &Caller, id: &str) -> Result<Upload, Problem> {
    let id = UploadId::parse(id).map_err(|_| Problem::not_found())?;
    // A thumbnail is deleted with its file, so it has no lock of its own.
    if id.is_thumbnail() {
        return Err(Problem::not_found());
    }
    let found = app.uploads.find(caller.user_id, id).await?;
    found.ok_or_else(Problem::not_found)
}

/// Verifies that the account is active, and the password if it was sent. The access token alone does not prove it: it stays
/// valid for some minutes after an account was disabled.
async fn check_account(
    app: &Inner,
    gateway: &Gateway,
    caller: &Caller,
    request: &LockUploadRequest,
) -> Result<(), Problem> {
    if let Some(password) = &request.password {
        let verified = app
            .passwords
            .verify_caller(&app.users, gateway, caller, password);
        return verified.await.map(|_| ());
    }
    let user = app.users.find(caller.user_id).await?;
    match user.map(|user| user.status) {
        Some(Status::Active) => Ok(()),
        Some(Status::Disabled) | None => Err(Problem::invalid_token()),
    }
}

/// Locks the record, and reads it again if another request changed it meanwhile.
async fn lock_in_record(
    app: &Inner,
    mut upload: Upload,
    until: OffsetDateTime,
) -> Result<Upload, Problem> {
    for _ in 0..ATTEMPTS {
        let transition = match upload.on(&Event::Locked(until), app.clock.now()) {
            Ok(Outcome::Changed(transition)) => transition,
            Ok(Outcome::Unchanged) => return Ok(upload),
            Err(Refusal::Locked(_)) => return Err(ALREADY_LOCKED),
            Err(_) => return Err(Problem::upload_not_stored()),
        };
        match app.uploads.apply(&transition).await? {
            Applied::Changed(locked) => return Ok(*locked),
            Applied::Conflict(Some(newer)) => upload = *newer,
            _ => return Err(Problem::not_found()),
        }
    }
    Err(Problem::unavailable())
}

async fn lock_in_s3(app: &Inner, upload: &Upload, until: OffsetDateTime) -> Result<(), Problem> {
    let key = upload.key();
    let version = VersionRef {
        key: &key,
        version_id: upload.state.file().map(|file| file.version_id.as_str()),
    };
    let mode = app.settings.mode;
    match app.bucket.lock(version, Retention { mode, until }).await {
        Ok(LockOutcome::Locked) => Ok(()),
        Ok(LockOutcome::AlreadyLocked(_)) => Err(ALREADY_LOCKED),
        Err(error) => Err(storage_failed(&error)),
    }
}

fn storage_failed(error: &StorageError) -> Problem {
    tracing::error!(cause = %error, "storage_failed");
    match error {
        StorageError::Unavailable(_) => Problem::unavailable(),
        StorageError::Request(_) => Problem::internal(error),
    }
}
