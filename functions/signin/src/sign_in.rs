use std::{sync::Arc, time::Duration};

use accounts::{Guess, SessionTokens};
use auth::{
    password::{self, Verdict},
    refresh::{FamilyKey, RefreshToken},
};
use axum::{Json, extract::State};
use domain::{Email, PasswordAttempt, SessionId, User, UserId, session::Family};
use http_api::{Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, UserView, text};
use metrics::Metric;
use serde::Serialize;
use store::{Credential, Session};
use utoipa::ToSchema;

use crate::App;

/// The timeout of renewing the hash, which the next sign-in repeats if it fails.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The email address and password of an account.
#[derive(ToSchema)]
pub struct SignInRequest {
    /// The email address of the account. Compared case-insensitively after Unicode normalization.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    email: Email,
    /// The password of the account.
    #[schema(value_type = String, format = Password, min_length = 1, example = "analytical engine")]
    password: PasswordAttempt,
}

impl FromFields for SignInRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", text(Email::parse));
        let password = fields.required("password", text(PasswordAttempt::parse));
        Some(Self {
            email: email?,
            password: password?,
        })
    }
}

/// The tokens of the new session, and the user.
#[derive(Serialize, ToSchema)]
pub struct SignInResponse {
    #[serde(flatten)]
    tokens: SessionTokens,
    /// The signed-in user.
    user: UserView,
}

/// Sign in.
///
/// After five wrong passwords the account is locked for a second; each further wrong password doubles the time, up to 15
/// minutes. The error is the same for an unknown address, a wrong password, and a disabled or locked account.
#[utoipa::path(
    post,
    path = "/signin",
    operation_id = "signIn",
    tag = "accounts",
    request_body = SignInRequest,
    responses(
        (status = 200, description = "the user is signed in", body = SignInResponse),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: no such account, a wrong password, or a disabled or locked account"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `empty`, `required`, `wrong_type`, \
                `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    gateway: Gateway,
    JsonBody(request): JsonBody<SignInRequest>,
) -> Result<Json<SignInResponse>, Problem> {
    let signer = app.issuer.signer().await?;
    let (credential, user, verdict) = authenticate(&app, &gateway, &request).await?;
    metrics::count(Metric::SignIns);
    if verdict == Verdict::MatchNeedsRehash {
        renew_hash(&app, &request, &credential).await;
    }
    let (session, refresh_token) = start_session(&app, &credential).await?;
    let tokens = signer.sign(&gateway, &session, credential.roles, &refresh_token)?;
    Ok(Json(SignInResponse {
        tokens,
        user: UserView::own(&user),
    }))
}

/// Verifies the password, and returns the credential and the user.
///
/// Reads the user while bcrypt runs on its own thread. For an unknown address it reads a user that does not exist, so that
/// the requests to the tables are the same for every outcome.
async fn authenticate(
    app: &App,
    gateway: &Gateway,
    request: &SignInRequest,
) -> Result<(Credential, User, Verdict), Problem> {
    let credential = app.credentials.find(&request.email).await?;
    let owner = match &credential {
        Some(credential) => credential.user_id,
        None => UserId::new(app.clock.now()),
    };
    let guess = Guess {
        email: &request.email,
        owner,
        credential: credential.as_ref(),
        attempt: &request.password,
        request_id: &gateway.request_id,
    };
    let (verdict, user) = tokio::join!(app.passwords.check(&guess), app.users.find(owner));
    match (credential, verdict?) {
        (Some(credential), verdict) if verdict != Verdict::NoMatch => {
            // The account was deleted after its credential was read.
            let user = user?.ok_or_else(refuse)?;
            Ok((credential, user, verdict))
        }
        _ => Err(refuse()),
    }
}

fn refuse() -> Problem {
    metrics::count(Metric::SignInsRefused);
    Problem::invalid_credentials()
}

/// Replaces a stored hash whose cost is not the configured one. A failure is only logged: the next sign-in repeats it.
async fn renew_hash(app: &App, request: &SignInRequest, credential: &Credential) {
    match password::rehash(&request.password, app.passwords.cost()).await {
        Ok(new) => {
            let renewal = app
                .credentials
                .renew_hash(&request.email, &credential.hash, &new);
            match tokio::time::timeout(RENEWAL_TIMEOUT, renewal).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "hash_not_renewed"),
                Err(error) => tracing::warn!(%error, "hash_not_renewed"),
            }
        }
        Err(error) => tracing::warn!(%error, "hash_not_renewed"),
    }
}

/// Starts a session of the account, and returns it with its first refresh token.
async fn start_session(
    app: &App,
    credential: &Credential,
) -> Result<(Session, RefreshToken), Problem> {
    let now = app.clock.now();
    let key = FamilyKey::generate().map_err(|error| Problem::internal(&error))?;
    let id = SessionId::of_user(credential.user_id, now);
    let refresh_token = RefreshToken::first(id, &key);
    let session = Session {
        id,
        user_id: credential.user_id,
        key,
        family: Family::begun(credential.session_epoch, now + app.session_lifetime),
        created_at: now,
    };
    app.sessions.start(&session).await?;
    Ok((session, refresh_token))
}
