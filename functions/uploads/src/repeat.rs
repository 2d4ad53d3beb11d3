//! An announcement that is sent again with its `Idempotency-Key` gets the first one's answer.

use api::{IdempotencyKey, Problem};
use domain::UserId;
use ring::digest::{SHA256, digest};
use store::Record;

use crate::App;

/// A request that its sender may send again.
pub struct Repeatable {
    id: String,
    fingerprint: [u8; 32],
}

impl Repeatable {
    /// A request of this caller to this route with a key, if it has one; `parts` is what it asks for.
    pub fn new(caller: UserId, route: &str, key: Option<String>, parts: &[&str]) -> Option<Self> {
        // With its length in front, no part can be mistaken for the end of another.
        let asked: Vec<u8> = parts
            .iter()
            .flat_map(|part| [&part.len().to_be_bytes(), part.as_bytes()].concat())
            .collect();
        let digest = digest(&SHA256, &asked);
        Some(Self {
            id: format!("{caller} {route} {}", key?),
            fingerprint: std::array::from_fn(|i| digest.as_ref()[i]),
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
    pub fn record(&self, answer: &str) -> Record {
        Record {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            // Nothing in the fingerprint is secret.
            salt: [0; 16],
            answer: answer.to_owned(),
        }
    }
}
