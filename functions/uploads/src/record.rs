//! Stores the records of new uploads.

use domain::{
    UserId,
    upload::{Limit, Transition},
};
use http_api::{IdempotentRequest, Problem};
use store::{NewRecord, uploads::Applied};

use crate::{App, problems::limit_exceeded};

/// Stores a new upload, with its thumbnail if it has one, together with the body of the response, and returns that body; or the body of the first response,
/// if a concurrent request with the same key was first.
///
/// # Errors
/// 409 when there is no room for the upload, or the caller has too many open uploads.
pub async fn create_record(
    app: &App,
    (creation, thumbnail): (&Transition, Option<&Transition>),
    idempotent: Option<&IdempotentRequest>,
    body: String,
) -> Result<String, Problem> {
    let record = idempotent.map(|idempotent| idempotent.record(&body));
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let uploads = &app.reconciler.uploads;
    let applied = uploads.create(creation, thumbnail, record).await?;
    if matches!(applied, Applied::Changed(_)) {
        return Ok(body);
    }
    // No parts will be sent for an upload without a record.
    let bucket = &app.reconciler.bucket;
    if let Err(error) = bucket.abort_parts_of(&creation.to).await {
        tracing::warn!(%error, "parts_left_to_the_lifecycle");
    }
    match (applied, idempotent) {
        (Applied::OwnerErased, _) => Err(Problem::session_ended()),
        (Applied::LimitExceeded(limit, usage), _) => Err(limit_exceeded(limit, &usage)),
        (Applied::IdempotencyKeyUsed, Some(idempotent)) => {
            let body = idempotent
                .find_body(&app.idempotency, app.clock.now())
                .await?;
            body.ok_or_else(Problem::unavailable)
        }
        _ => Err(Problem::unavailable()),
    }
}

/// Attempts to reserve room while other requests of the owner use it.
const ATTEMPTS: u32 = 5;

/// Stores a new upload that reserves as much room as is left. `creation` gets the bytes that are left, and returns `None`
/// if they are too few.
///
/// # Errors
/// 409 when there is too little room, or the caller has too many open uploads.
pub async fn create_record_within(
    app: &App,
    owner: UserId,
    creation: impl Fn(u64) -> Option<Transition>,
) -> Result<Transition, Problem> {
    let uploads = &app.reconciler.uploads;
    for _ in 0..ATTEMPTS {
        let usage = uploads.quotas().usage(owner).await?;
        let creation = creation(usage.left()).ok_or_else(|| limit_exceeded(Limit::Used, &usage))?;
        match uploads.apply_with_record(&creation, None).await? {
            Applied::Changed(_) => return Ok(creation),
            Applied::LimitExceeded(Limit::Used, _) => {}
            Applied::LimitExceeded(limit, usage) => return Err(limit_exceeded(limit, &usage)),
            Applied::OwnerErased => return Err(Problem::session_ended()),
            Applied::Conflict(_) | Applied::IdempotencyKeyUsed => {
                return Err(Problem::unavailable());
            }
        }
    }
    Err(Problem::unavailable())
}
