use std::time::Duration;

use accounts::SessionTokens;
use auth::refresh::{NotARefreshToken, RefreshToken};
use axum::{Json, extract::State};
use domain::{
    Roles,
    session::{Presentation, Verdict},
};
use http_api::{Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text};
use store::{Rotation, Session};
use utoipa::ToSchema;

use crate::{
    App, Inner, session_ended,
    token::{refused, session_of},
};

/// How often a family is read that others change at the same time. Each time they have come further, so a token is the
/// newest, the one before, or too old by then.
const LOOKS: usize = 8;

/// How long an exchange may take. Who gets no answer asks again after the seconds of `Retry-After`, and has to come while
/// the same token is still good for the same successor (`domain::session`), for it may have been exchanged.
const PATIENCE: Duration = Duration::from_secs(6);

/// A refresh token, to be exchanged.
#[derive(ToSchema)]
#[schema(as = SessionRefresh)]
pub struct Form {
    /// The newest one of the session.
    #[schema(value_type = String, format = Password, rename = "refreshToken")]
    token: Result<RefreshToken, NotARefreshToken>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // A text that is no token is told like a token that is good for nothing.
        let token = fields.required("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|token| Self { token })
    }
}

/// Exchange a refresh token for the next one and a new access token.
///
/// The same token gets the same successor again for 10 seconds, in case the answer got lost. An older one ends the
/// session, for somebody has a copy. The session ends 30 days after its sign-in, however often it was refreshed.
#[utoipa::path(
    post,
    path = "/session/refresh",
    operation_id = "refreshSession",
    tag = "accounts",
    request_body = Form,
    responses(
        (status = 200, body = SessionTokens),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`session_ended`: signed out, expired, a new password, used before, or no refresh token of ours"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn refresh(
    State(App(app)): State<App>,
    gateway: Gateway,
    JsonBody(form): JsonBody<Form>,
) -> Result<Json<SessionTokens>, Problem> {
    let issuing = app.issuer.ready().await?;
    let Ok(token) = form.token else {
        refused(&gateway, "malformed");
        return Err(session_ended());
    };
    let exchange = tokio::time::timeout(PATIENCE, exchange(&app, &gateway, &token)).await;
    let outcome = exchange.unwrap_or_else(|_| {
        tracing::error!(request_id = gateway.request_id, "deadline_exceeded");
        Err(Problem::unavailable())
    });
    match outcome? {
        Outcome::Granted(session, roles) => {
            let next = token.successor(&session.key);
            issuing.tokens(&gateway, &session, roles, &next).map(Json)
        }
        Outcome::Refused => Err(session_ended()),
        Outcome::Caught(session, event) => {
            tracing::warn!(
                request_id = gateway.request_id,
                session_id = %session.id,
                user_id = %session.user_id,
                generation = token.generation(),
                newest = session.family.generation,
                "{event}"
            );
            app.sessions.end(session.id).await?;
            Err(session_ended())
        }
    }
}

enum Outcome {
    /// The token's successor is the newest; its owner has these roles.
    Granted(Session, Roles),
    /// Nothing changes.
    Refused,
    /// Something happened that no owner does: the session has to end.
    Caught(Session, &'static str),
}

async fn exchange(
    app: &Inner,
    gateway: &Gateway,
    token: &RefreshToken,
) -> Result<Outcome, Problem> {
    let mut presented = Presentation::new(token.generation(), app.clock.now());
    for _ in 0..LOOKS {
        let Some(session) = session_of(app, gateway, token).await? else {
            return Ok(Outcome::Refused);
        };
        let account_state = app.users.account_state(session.user_id).await?;
        let (roles, epoch) = account_state
            .map(|account_state| (account_state.roles, account_state.session_epoch))
            .unzip();
        let roles = roles.unwrap_or_default();
        return Ok(match presented.judge(&session.family, epoch) {
            Verdict::Rotate => match app.sessions.rotate(&session, app.clock.now()).await? {
                Rotation::Rotated => Outcome::Granted(session, roles),
                Rotation::Conflict => continue,
            },
            Verdict::ReadAgain => continue,
            Verdict::Reissue => Outcome::Granted(session, roles),
            Verdict::Replayed => Outcome::Caught(session, "refresh_token_replayed"),
            Verdict::NeverIssued => Outcome::Caught(session, "refresh_token_never_issued"),
            Verdict::Expired | Verdict::Ended => {
                refused(gateway, "ended");
                Outcome::Refused
            }
        });
    }
    Err(Problem::unavailable())
}
