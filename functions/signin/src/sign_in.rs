use std::sync::Arc;

use api::{Fields, FromFields, Gateway, Guess, JsonBody, Problem, ProblemDocument, UserView, text};
use auth::{
    Caller,
    keys::SigningKeys,
    password::{self, Verdict},
    refresh::{FamilyKey, RefreshToken},
    token::{self, AccessToken, TokenPolicy},
};
use axum::{Json, extract::State};
use domain::{Email, PasswordAttempt, SessionId, User, UserId};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::{Credential, Session};
use utoipa::ToSchema;

use crate::App;

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
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// A JWT of type `at+jwt` (RFC 9068).
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long the access token lives. Seconds.
    expires_in: i64,
    /// An opaque token that becomes a new access token once.
    refresh_token: String,
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
    let keys = app.keys.get().await.map_err(|_| Problem::unavailable())?;
    let (credential, user, verdict) = verify(&app, &gateway, &form).await?;
    if verdict == Verdict::MatchNeedsRehash {
        renew_hash(&app, &form, &credential).await;
    }
    let (session, refresh_token) = begin_session(&app, &credential).await?;
    let access_token = access_token(&app, &keys, &gateway, &credential, session)?;
    Ok(Json(Answer {
        access_token: access_token.expose().to_owned(),
        token_type: "Bearer",
        expires_in: access_token.expires_in(),
        refresh_token: refresh_token.to_text().expose_secret().to_owned(),
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
            let renewed = app
                .credentials
                .renew_hash(&form.email, &credential.hash, &new)
                .await;
            if let Err(error) = renewed {
                tracing::warn!(%error, "hash_not_renewed");
            }
        }
        Err(error) => tracing::warn!(%error, "hash_not_renewed"),
    }
}

async fn begin_session(
    app: &App,
    credential: &Credential,
) -> Result<(SessionId, RefreshToken), Problem> {
    let now = app.clock.now();
    let key = FamilyKey::generate().map_err(|error| Problem::internal(&error))?;
    let id = SessionId::new(now);
    let refresh_token = RefreshToken::first(id, &key);
    let session = Session {
        id,
        user_id: credential.user_id,
        key,
        epoch: credential.session_epoch,
        created_at: now,
        expires_at: now + app.session_lifetime,
    };
    app.sessions.start(&session).await?;
    Ok((id, refresh_token))
}

fn access_token(
    app: &App,
    keys: &SigningKeys,
    gateway: &Gateway,
    credential: &Credential,
    session_id: SessionId,
) -> Result<AccessToken, Problem> {
    let now = app.clock.now();
    let key = keys.current(now).map_err(|error| {
        tracing::error!(%error, "no_signing_key");
        Problem::unavailable()
    })?;
    let policy = TokenPolicy {
        issuer: gateway.issuer(app.issuer.as_deref()),
        audience: app.audience.clone(),
    };
    let caller = Caller {
        user_id: credential.user_id,
        session_id,
        roles: credential.roles.clone(),
    };
    token::issue(key, &policy, app.access_token_lifetime, &caller, now)
        .map_err(|error| Problem::internal(&error))
}
