//! Returns the first response to a sign-up that is repeated with its `Idempotency-Key`.
//!
//! A fingerprint tells whether it is the same request. It includes the password, but only as its bcrypt hash with the salt
//! of the record, so that the table reveals no more than a stored hash. The response reveals whether a guessed password is
//! right, so a record allows five mismatches.

use auth::password::{self, PasswordHash};
use http_api::{IdempotencyKey, Problem};
use store::{ComparisonClaim, IdempotencyRecord};

use crate::{App, request::SignUpRequest};

/// Returns the body of the response to an earlier request with this key.
///
/// # Errors
/// 422 when that request was another one, or after too many mismatches; 409 while other requests with the key are
/// compared.
pub async fn find_body(
    app: &App,
    key: Option<&str>,
    request: &SignUpRequest,
) -> Result<Option<String>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let id = record_id(key);
    let Some(record) = app.idempotency.find(&id, app.clock.now()).await? else {
        return Ok(None);
    };
    match app.idempotency.claim_comparison(&id).await? {
        ComparisonClaim::Granted => {}
        ComparisonClaim::Exhausted => return Err(IdempotencyKey::REUSED),
        ComparisonClaim::Busy => return Err(IdempotencyKey::in_progress()),
    }
    let hash = password::hash_with_salt(&request.password, app.cost, record.salt).await;
    let hash = hash.map_err(|error| Problem::internal(&error))?;
    if fingerprint(request, &hash) == record.fingerprint {
        app.idempotency.release_comparison(&id).await?;
        Ok(Some(record.answer))
    } else {
        app.idempotency.record_mismatch(&id).await?;
        Err(IdempotencyKey::REUSED)
    }
}

/// Creates the record that a repeated request is compared with.
pub fn record(
    key: &str,
    request: &SignUpRequest,
    hash: &PasswordHash,
    body: &str,
) -> IdempotencyRecord {
    IdempotencyRecord {
        id: record_id(key),
        fingerprint: fingerprint(request, hash),
        salt: hash.salt(),
        answer: body.to_owned(),
    }
}

/// Sign-up has no caller whose id could separate the keys of different callers, so the id starts with the route.
fn record_id(key: &str) -> String {
    format!("POST /signup {key}")
}

fn fingerprint(request: &SignUpRequest, hash: &PasswordHash) -> [u8; 32] {
    let profile = &request.profile;
    let name = |name: &Option<domain::Name>| name.as_ref().map(|name| name.as_str().to_owned());
    let fields = [
        Some(request.email.display().to_owned()),
        Some(hash.as_str().to_owned()),
        Some(request.name.as_str().to_owned()),
        name(&profile.first_name),
        name(&profile.last_name),
        name(&profile.city),
        profile.age.map(|age| age.years().to_string()),
    ];
    http_api::fingerprint(&fields.each_ref().map(Option::as_deref))
}
