//! A sign-up that is sent again with its `Idempotency-Key` gets the first one's answer.
//!
//! Whether it is the same request is told by a fingerprint. The password is part of it, but only as its bcrypt hash
//! under the salt kept with the record: whoever reads the table learns no more than from a stored hash. The answer says
//! whether a guessed password is right, so a record allows five mismatches.

use auth::password::{self, PasswordHash};
use http_api::{IdempotencyKey, Problem};
use store::{ComparisonClaim, IdempotencyRecord};

use crate::{App, sign_up::Form};

/// The answer to an earlier request with this key.
///
/// # Errors
/// 422 when that request was another one, or when too many others were sent with its key; 409 while others with the key are
/// being compared.
pub async fn repeated(
    app: &App,
    key: Option<&str>,
    form: &Form,
) -> Result<Option<String>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let id = id(key);
    let Some(record) = app.idempotency.find(&id, app.clock.now()).await? else {
        return Ok(None);
    };
    match app.idempotency.claim_comparison(&id).await? {
        ComparisonClaim::Granted => {}
        ComparisonClaim::Exhausted => return Err(IdempotencyKey::REUSED),
        ComparisonClaim::Busy => return Err(IdempotencyKey::in_progress()),
    }
    let hash = password::hash_with_salt(&form.password, app.cost, record.salt).await;
    let hash = hash.map_err(|error| Problem::internal(&error))?;
    if fingerprint(form, &hash) == record.fingerprint {
        app.idempotency.release_comparison(&id).await?;
        Ok(Some(record.answer))
    } else {
        app.idempotency.record_mismatch(&id).await?;
        Err(IdempotencyKey::REUSED)
    }
}

/// What a repeated request will need.
pub fn record(key: &str, form: &Form, hash: &PasswordHash, answer: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        id: id(key),
        fingerprint: fingerprint(form, hash),
        salt: hash.salt(),
        answer: answer.to_owned(),
    }
}

/// The id of the user that an answer tells of.
pub fn user_id(answer: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    answer["user"]["id"].as_str().map(str::to_owned)
}

/// Sign-up has no caller to keep keys apart by, so the route stands for it.
fn id(key: &str) -> String {
    format!("POST /signup {key}")
}

fn fingerprint(form: &Form, hash: &PasswordHash) -> [u8; 32] {
    let profile = &form.profile;
    let name = |name: &Option<domain::Name>| name.as_ref().map(|name| name.as_str().to_owned());
    let fields = [
        Some(form.email.display().to_owned()),
        Some(hash.as_str().to_owned()),
        Some(form.name.as_str().to_owned()),
        name(&profile.first_name),
        name(&profile.last_name),
        name(&profile.city),
        profile.age.map(|age| age.years().to_string()),
    ];
    http_api::fingerprint(&fields.each_ref().map(Option::as_deref))
}
