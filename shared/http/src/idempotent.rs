//! Returns the first response to a request that is repeated with its `Idempotency-Key`.

use domain::UserId;
use store::{Idempotency, IdempotencyRecord};
use time::OffsetDateTime;

use crate::{IdempotencyKey, Problem, fingerprint};

/// A request with an `Idempotency-Key`.
#[derive(Debug)]
pub struct IdempotentRequest {
    id: String,
    fingerprint: [u8; 32],
}

impl IdempotentRequest {
    /// Creates the request of a caller to a route; `None` without a key. `fields` are the fields of the request.
    #[must_use]
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

    /// Returns the body of the response to an earlier request with this key.
    ///
    /// # Errors
    /// 422 when that request was another one.
    pub async fn find_body(
        &self,
        records: &Idempotency,
        now: OffsetDateTime,
    ) -> Result<Option<String>, Problem> {
        match records.find(&self.id, now).await? {
            None => Ok(None),
            Some(record) if record.fingerprint == self.fingerprint => Ok(Some(record.answer)),
            Some(_) => Err(IdempotencyKey::REUSED),
        }
    }

    /// Creates the record that stores the body of the response.
    #[must_use]
    pub fn record(&self, body: &str) -> IdempotencyRecord {
        IdempotencyRecord {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            // The fingerprint contains no secret, so it needs no salt.
            salt: [0; 16],
            answer: body.to_owned(),
        }
    }
}
