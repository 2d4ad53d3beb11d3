use std::sync::Arc;

use auth::password::{self, PasswordHash};
use axum::{extract::State, response::Response};
use domain::{Lockout, Roles, Status, User, UserId};
use http_api::{AcceptLanguage, IdempotencyKey, JsonBody, Problem, ProblemDocument, UserResponse};
use metrics::Metric;
use store::{
    AccountTables, Credential, NewRecord,
    accounts::{self, OrderedMail, SignUp},
};

use crate::{
    App, Mode,
    idempotency::{self, find_body},
    request::SignUpRequest,
    response::{SignUpPendingResponse, created_body, respond},
    verification::start_verification,
};

/// Create an account.
///
/// If sign-ups are verified first (`SignupMode`), the response is always 202, and a mail to the address says how to
/// continue.
#[utoipa::path(
    post,
    path = "/signup",
    operation_id = "signUp",
    tag = "accounts",
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
            description = "1 to 255 visible ASCII characters"),
        ("Accept-Language" = Option<String>, Header, example = "de-AT,de;q=0.9,en;q=0.8",
            description = "the language of the mail, if there is one"),
    ),
    request_body = SignUpRequest,
    responses(
        (status = 201, description = "the account is created", body = UserResponse,
            headers(("Location" = String, description = "the path of the user"))),
        (status = 202, description = "if sign-ups are verified first: a mail will be sent", body = SignUpPendingResponse),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`email_taken`; `request_in_progress`: requests with the same key are still running"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `password_too_short`, `password_too_long`, \
                `password_repeats`, `password_too_common`, `empty`, `too_long`, `control_character`, `invalid_age`, \
                `required`, `wrong_type`, `unknown_field`), `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn sign_up(
    State(app): State<Arc<App>>,
    IdempotencyKey(key): IdempotencyKey,
    AcceptLanguage(languages): AcceptLanguage,
    JsonBody(request): JsonBody<SignUpRequest>,
) -> Result<Response, Problem> {
    let key = key.as_deref();
    if let Some(body) = find_body(&app, key, &request).await? {
        return Ok(respond(body));
    }
    let ordered = |outbox| OrderedMail {
        outbox,
        languages: &languages,
    };
    if let Mode::Verified(sign_ups, outbox) = &app.mode {
        return start_verification(&app, (sign_ups, ordered(outbox)), key, request).await;
    }
    let hash = password::hash(&request.password, app.cost).await;
    let hash = hash.map_err(|error| Problem::internal(&error))?;
    let user = new_user(&app, &request);
    let body = created_body(&user)?;
    let record = key.map(|key| idempotency::record(key, &request, &hash, &body));

    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    match accounts::create(
        tables,
        &user,
        &credential(&user, hash),
        record,
        app.mail.as_ref().map(ordered),
    )
    .await?
    {
        SignUp::Created => {
            metrics::count(Metric::SignUps);
            Ok(respond(body))
        }
        SignUp::EmailTaken => Err(Problem::email_taken()),
        // A concurrent request with the same key was first.
        SignUp::IdempotencyKeyUsed => match find_body(&app, key, &request).await? {
            Some(body) => Ok(respond(body)),
            None => Err(Problem::unavailable()),
        },
    }
}

fn new_user(app: &App, request: &SignUpRequest) -> User {
    let now = app.clock.now();
    User {
        id: UserId::new(now),
        email: request.email.clone(),
        name: request.name.clone(),
        profile: request.profile.clone(),
        roles: Roles::new(),
        status: Status::Active,
        verified_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn credential(user: &User, hash: PasswordHash) -> Credential {
    Credential {
        user_id: user.id,
        hash,
        roles: user.roles.clone(),
        status: user.status,
        session_epoch: 1,
        lockout: Lockout::NONE,
    }
}
