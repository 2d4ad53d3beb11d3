use std::{sync::Arc, time::Duration};

use accounts::{Guess, SessionTokens};
use auth::{
    password::{self, Verdict},
    refresh::{FamilyKey, RefreshToken},
};
use axum::{Json, extract::State};
use domain::{Email, PasswordAttempt, SessionId, User, UserId, session::Family};
use http_api::{Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, UserView, text};
use serde::Serialize;
use store::{Credential, Session};
use utoipa::ToSchema;

use crate::App;

/// How long a write may take that can be left for the next time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who somebody is, and the proof.
#[derive(ToSchema)]
#[schema(as = SignIn)]
pub struct Form {
    /// As at sign-up, or written another way.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    email: Email,
    /// The password.
    #[schema(value_type = String, format = Password, min_length = 1, example = "analytical engine")]
    password: PasswordAttempt,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", text(Email::parse));
        let password = fields.required("password", text(PasswordAttempt::parse));
        Some(Self {
            email: email?,
            password: password?,
        })
    }
}

/// What a sign-in gives.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct Answer {
    #[serde(flatten)]
    tokens: SessionTokens,
    user: UserView,
}

/// Sign in.
///
/// One answer and one amount of work for an unknown address, a wrong password, a disabled account, and one that waits:
/// after five wrong passwords nobody is listened to for a second, and twice as long after each further one, up to 15
/// minutes.
#[utoipa::path(
    post,
    path = "/signin",
    operation_id = "signIn",
    tag = "accounts",
    request_body = Form,
    responses(
        (status = 200, body = Answer),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: no account, another password, a disabled account, or too many wrong \
                passwords a moment ago"),
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
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<Answer>, Problem> {
    let issuing = app.issuer.ready().await?;
    let (credential, user, verdict) = verify(&app, &gateway, &form).await?;
    if verdict == Verdict::MatchNeedsRehash {
        renew_hash(&app, &form, &credential).await;
    }
    let (session, refresh_token) = begin_session(&app, &credential).await?;
    let tokens = issuing.tokens(&gateway, &session, credential.roles, &refresh_token)?;
    Ok(Json(Answer {
        tokens,
        user: UserView::own(&user),
    }))
}

/// The profile is fetched while bcrypt runs on its own thread, so it costs no time. For an address that nobody has, so is
/// nobody's: the tables are asked the same for everybody.
async fn verify(
    app: &App,
    gateway: &Gateway,
    form: &Form,
) -> Result<(Credential, User, Verdict), Problem> {
    let credential = app.credentials.find(&form.email).await?;
    let owner = match &credential {
        Some(credential) => credential.user_id,
        None => UserId::new(app.clock.now()),
    };
    let guess = Guess {
        email: &form.email,
        owner,
        credential: credential.as_ref(),
        attempt: &form.password,
        request_id: &gateway.request_id,
    };
    let (verdict, user) = tokio::join!(app.passwords.check(&guess), app.users.find(owner));
    match (credential, verdict?) {
        (Some(credential), verdict) if verdict != Verdict::NoMatch => {
            // Deleted since its credential was read: nobody any more.
            let user = user?.ok_or_else(Problem::invalid_credentials)?;
            Ok((credential, user, verdict))
        }
        _ => Err(Problem::invalid_credentials()),
    }
}

/// The stored hash has another cost than the configured one, and only now is the password at hand. No reason to
/// refuse the sign-in when it fails: there will be a next one.
async fn renew_hash(app: &App, form: &Form, credential: &Credential) {
    match password::rehash(&form.password, app.passwords.cost()).await {
        Ok(new) => {
            let renewing = app
                .credentials
                .renew_hash(&form.email, &credential.hash, &new);
            match tokio::time::timeout(PATIENCE, renewing).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "hash_not_renewed"),
                Err(error) => tracing::warn!(%error, "hash_not_renewed"),
            }
        }
        Err(error) => tracing::warn!(%error, "hash_not_renewed"),
    }
}

async fn begin_session(
    app: &App,
    credential: &Credential,
) -> Result<(Session, RefreshToken), Problem> {
    let now = app.clock.now();
    let key = FamilyKey::generate().map_err(|error| Problem::internal(&error))?;
    let id = SessionId::new(now);
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
