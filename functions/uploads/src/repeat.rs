//! A request that is sent again with its `Idempotency-Key` gets the first one's answer.

use domain::{
    UserId,
    upload::{Limit, Transition},
};
use http_api::{IdempotencyKey, Problem, fingerprint};
use store::{IdempotencyRecord, NewRecord, uploads::Applied};

use crate::{App, problems::limit_exceeded};

/// A request that its sender may send again.
pub struct Repeatable {
    id: String,
    fingerprint: [u8; 32],
}

impl Repeatable {
    /// A request of this caller to this route with a key, if it has one; `fields` is what it asks for.
    pub fn new(
        caller: UserId,
        route: &str,
        key: Option<String>,
        fields: &[Option<&str>],
    ) -> Option<Self> {
        Some(Self {
            id: format!("{caller} {route} {}", key?),
            fingerprint: fingerprint(fields),
        })
    }

    /// The answer to an earlier request with this key.
    ///
    /// # Errors
    /// 422 when that request was another one.
    pub async fn answer(&self, app: &App) -> Result<Option<String>, Problem> {
        match app.idempotency.find(&self.id, app.clock.now()).await? {
            None => Ok(None),
            Some(record) if record.fingerprint == self.fingerprint => Ok(Some(record.answer)),
            Some(_) => Err(IdempotencyKey::REUSED),
        }
    }

    /// What keeps this answer for the next time.
    fn record(&self, answer: &str) -> IdempotencyRecord {
        IdempotencyRecord {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            // Nothing in the fingerprint is secret.
            salt: [0; 16],
            answer: answer.to_owned(),
        }
    }
}

/// Announces an upload, and says what to answer: `answer`, or what the same request was answered a moment ago.
///
/// # Errors
/// 409 when there is no room for it, or the caller has too many open uploads.
pub async fn announce(
    app: &App,
    announcement: &Transition,
    repeatable: Option<&Repeatable>,
    answer: String,
) -> Result<String, Problem> {
    let record = repeatable.map(|repeatable| repeatable.record(&answer));
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let uploads = &app.reconciler.uploads;
    let applied = uploads.announce(announcement, record).await?;
    if matches!(applied, Applied::Changed(_)) {
        return Ok(answer);
    }
    // No part will be sent for an upload that was not announced.
    let bucket = &app.reconciler.bucket;
    if let Err(error) = bucket.abort_parts_of(&announcement.to).await {
        tracing::warn!(%error, "parts_left_to_the_lifecycle");
    }
    match (applied, repeatable) {
        (Applied::LimitExceeded(limit, usage), _) => Err(limit_exceeded(limit, &usage)),
        // The same request, sent twice at once: the other one won.
        (Applied::IdempotencyKeyUsed, Some(repeatable)) => {
            let answer = repeatable.answer(app).await?;
            answer.ok_or_else(Problem::unavailable)
        }
        _ => Err(Problem::unavailable()),
    }
}

/// How often room is taken of which another request of the same owner may be quicker.
const TRIES: u32 = 5;

/// Announces an upload that takes what room there is: `announcement` is made anew for the bytes that are left.
///
/// # Errors
/// 409 when `announcement` finds too little room, or the caller has too many open uploads.
pub async fn announce_within(
    app: &App,
    owner: UserId,
    announcement: impl Fn(u64) -> Option<Transition>,
) -> Result<Transition, Problem> {
    let uploads = &app.reconciler.uploads;
    for _ in 0..TRIES {
        let usage = uploads.quotas().usage(owner).await?;
        let announcement =
            announcement(usage.left()).ok_or_else(|| limit_exceeded(Limit::Used, &usage))?;
        match uploads.announce(&announcement, None).await? {
            Applied::Changed(_) => return Ok(announcement),
            Applied::LimitExceeded(Limit::Used, _) => {}
            Applied::LimitExceeded(limit, usage) => return Err(limit_exceeded(limit, &usage)),
            Applied::Conflict(_) | Applied::IdempotencyKeyUsed => {
                return Err(Problem::unavailable());
            }
        }
    }
    Err(Problem::unavailable())
}
