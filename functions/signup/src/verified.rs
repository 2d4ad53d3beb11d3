use auth::password;
use axum::response::Response;
use http_api::Problem;
use serde::Serialize;
use store::{NewRecord, Outbox, PendingSignUp, SignUps, accounts};
use utoipa::ToSchema;

use crate::{
    App,
    repeat::{self, repeated},
    sign_up::{Form, answered},
};

/// A sign-up that is finished by mail.
#[derive(Serialize, ToSchema)]
#[schema(as = SignUpPending)]
pub struct PendingAnswer {
    /// Always `verification_pending`.
    status: &'static str,
}

/// Keeps the sign-up and orders the mail: one transaction, which neither reads nor depends on whether the address has an
/// account, so neither the answer nor its time tells.
pub async fn ask(
    app: &App,
    (sign_ups, outbox): (&SignUps, &Outbox),
    key: Option<&str>,
    form: Form,
) -> Result<Response, Problem> {
    let answer = PendingAnswer {
        status: "verification_pending",
    };
    let answer = serde_json::to_string(&answer).map_err(|error| Problem::internal(&error))?;
    let record = match key {
        Some(key) => {
            // Only to know the request again; the account gets the password with which it is finished.
            let hash = password::hash(&form.password, app.cost).await;
            let hash = hash.map_err(|error| Problem::internal(&error))?;
            Some(repeat::record(key, &form, &hash, &answer))
        }
        None => None,
    };
    let pending = PendingSignUp {
        email: form.email.clone(),
        name: form.name.clone(),
        profile: form.profile.clone(),
    };
    let now = app.clock.now();
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    if accounts::create_pending_sign_up(sign_ups, outbox, &pending, record, now).await? {
        return Ok(answered(answer));
    }
    // The same request, sent twice at once: the other one won.
    match repeated(app, key, &form).await? {
        Some(answer) => Ok(answered(answer)),
        None => Err(Problem::unavailable()),
    }
}
