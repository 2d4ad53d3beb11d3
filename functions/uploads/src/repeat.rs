//! A request that is sent again with its `Idempotency-Key` gets the first one's answer.

use api::{IdempotencyKey, Problem, fingerprint};
use domain::{Upload, UserId};
use store::{Record, uploads::Announced};

use crate::{App, create::QUOTA_EXCEEDED};

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
    fn record(&self, answer: &str) -> Record {
        Record {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            // Nothing in the fingerprint is secret.
            salt: [0; 16],
            answer: answer.to_owned(),
        }
    }
}

/// Announces an upload, and tells what to answer: `answer`, or what the same request was answered a moment ago.
///
/// # Errors
/// 409 when there is no room for it.
pub async fn announce(
    app: &App,
    upload: &Upload,
    repeatable: Option<&Repeatable>,
    answer: String,
) -> Result<String, Problem> {
    let record = repeatable.map(|repeatable| repeatable.record(&answer));
    let tables = (&app.shelves.quotas, &app.idempotency);
    let uploads = &app.shelves.uploads;
    let outcome = uploads.announce(tables, upload, record.as_ref()).await?;
    if outcome == Announced::Created {
        return Ok(answer);
    }
    // Nobody will send parts of what was not announced.
    if let Err(error) = app.shelves.bucket.abort_parts_of(upload).await {
        tracing::warn!(%error, "parts_left_to_the_lifecycle");
    }
    match repeatable {
        // The same request, sent twice at once: the other one won.
        Some(repeatable) if outcome == Announced::KeyUsed => {
            let answer = repeatable.answer(app).await?;
            answer.ok_or_else(Problem::unavailable)
        }
        _ => Err(QUOTA_EXCEEDED),
    }
}
