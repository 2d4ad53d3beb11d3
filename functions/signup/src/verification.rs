use auth::password;
use axum::response::Response;
use http_api::Problem;
use store::{
    NewRecord, PendingSignUp, SignUps,
    accounts::{self, OrderedMail},
};

use crate::{
    App,
    idempotency::{self, find_body},
    request::SignUpRequest,
    response::{pending_body, respond},
};

/// Stores the sign-up and orders the verification mail, in one transaction. It does not read whether the address has an
/// account, so neither the response nor its time reveals it.
pub async fn start_verification(
    app: &App,
    (sign_ups, mail): (&SignUps, OrderedMail<'_>),
    key: Option<&str>,
    request: SignUpRequest,
) -> Result<Response, Problem> {
    let body = pending_body()?;
    let record = match key {
        Some(key) => {
            // Only for the fingerprint: the account gets the password that is sent with the link's token.
            let hash = password::hash(&request.password, app.cost).await;
            let hash = hash.map_err(|error| Problem::internal(&error))?;
            Some(idempotency::record(key, &request, &hash, &body))
        }
        None => None,
    };
    let pending = PendingSignUp {
        email: request.email.clone(),
        name: request.name.clone(),
        profile: request.profile.clone(),
    };
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let now = app.clock.now();
    if accounts::create_pending_sign_up(sign_ups, mail, &pending, record, now).await? {
        return Ok(respond(body));
    }
    // A concurrent request with the same key was first.
    match find_body(app, key, &request).await? {
        Some(body) => Ok(respond(body)),
        None => Err(Problem::unavailable()),
    }
}
