//! Problems of several upload routes.

use domain::upload::{Limit, Refusal, Usage};
use http::StatusCode;
use http_api::Problem;
use storage::StorageError;
use upload_reconciler::ReconcileError;

/// 409: the file needs more bytes than are left.
pub const QUOTA_EXCEEDED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "quota_exceeded",
    "There is no room for this file. Delete files or cancel open uploads to free room.",
);
/// 409: the caller has too many open uploads.
pub const TOO_MANY_OPEN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "too_many_open_uploads",
    "You have too many open uploads. Complete or delete some of them.",
);
/// 409: the upload is stored, failed or deleted, so nothing more can be sent.
pub const NOT_PENDING: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_not_pending",
    "Nothing more can be sent for this upload: it is stored, failed or deleted. Create a new upload.",
);
/// 409: the file belongs to a product that is for sale, or that someone has bought.
pub const UPLOAD_IN_USE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "upload_in_use",
    "The file belongs to a product. Archive the product first; a file that was sold stays for its buyers.",
);
/// 404: the file has no such version.
pub const NO_SUCH_VERSION: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "version_not_found",
    "The upload has no such version, or the version is no longer kept. Use one that `GET /uploads/{id}/versions` lists.",
);
/// 409: other requests changed the upload during every attempt. The code tells clients to repeat the request.
pub const CONCURRENT_CHANGE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "request_in_progress",
    "Another request is changing this upload. Try again in a moment.",
);

/// 409: says which limit is exceeded, how much of it is used, and how to free room.
pub fn limit_exceeded(limit: Limit, usage: &Usage) -> Problem {
    let Usage {
        quota,
        used,
        kept,
        open,
        max_open,
        ..
    } = usage;
    match limit {
        Limit::Used => QUOTA_EXCEEDED.with_detail(format!(
            "There is no room for this file: {used} of {quota} bytes are in use. Delete files or cancel open uploads to \
             free room."
        )),
        Limit::Kept => QUOTA_EXCEEDED.with_detail(format!(
            "There is no room to keep this file: {kept} of {quota} bytes are kept for deleted files. They are freed when \
             those files can no longer be restored."
        )),
        Limit::Open => TOO_MANY_OPEN.with_detail(format!(
            "You have {open} open uploads, and {max_open} are allowed. Complete or delete some of them; a deleted one \
             counts until its URL has expired."
        )),
    }
}

/// Returns the problem for a change that the state of an upload does not allow.
pub fn refusal_problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotPending => NOT_PENDING,
        Refusal::NotStored => Problem::upload_not_stored(),
        Refusal::Locked(_) => Problem::upload_locked(),
        Refusal::InUse => UPLOAD_IN_USE,
        Refusal::NoSuchVersion => NO_SUCH_VERSION,
        // Handlers measure the parts first.
        Refusal::NotMeasured => CONCURRENT_CHANGE,
    }
}

/// Logs a failure of S3, and returns its problem.
pub fn storage_failed(error: &StorageError) -> Problem {
    tracing::error!(cause = %error, "storage_failed");
    match error {
        StorageError::Unavailable(_) => Problem::unavailable(),
        StorageError::Request(_) => Problem::internal(error),
    }
}

/// Returns the problem for a failed reconciliation.
pub fn reconcile_failed(error: ReconcileError) -> Problem {
    match error {
        ReconcileError::Store(error) => error.into(),
        ReconcileError::Storage(error) => storage_failed(&error),
        ReconcileError::Conflict => CONCURRENT_CHANGE,
    }
}
