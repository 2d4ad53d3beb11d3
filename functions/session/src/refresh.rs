use std::time::Duration;

use accounts::SessionTokens;
use auth::refresh::{NotARefreshToken, RefreshToken};
use axum::{Json, extract::State};
use domain::{
    Roles,
    session::{Presentation, Verdict},
};
use http::{HeaderValue, StatusCode, header};
use http_api::{Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text};
use metrics::Metric;
use store::{Rotation, Session};
use utoipa::ToSchema;

use crate::{
    App, Inner,
    token::{find_session, log_refusal},
};

/// 401: the same response for every refresh token that is not accepted. Only the log has the reason.
fn session_ended() -> Problem {
    let detail = "The session has ended, or this is not its refresh token. Sign in again.";
    Problem::new(StatusCode::UNAUTHORIZED, "session_ended", detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// Attempts to read a session that other requests change at the same time. Each change advances the generation, so
/// after a few attempts the token is the newest, the one before it, or too old.
const ATTEMPTS: usize = 8;

/// The timeout of an exchange. A client without a response repeats the request after `Retry-After` seconds, and must do so
/// while the token still has the same successor (`domain::session`), because it may have been exchanged.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(6);

/// The refresh token of a session.
#[derive(ToSchema)]
pub struct RefreshSessionRequest {
    /// The newest refresh token of the session.
    #[schema(value_type = String, format = Password, rename = "refreshToken")]
    token: Result<RefreshToken, NotARefreshToken>,
}

impl FromFields for RefreshSessionRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // Malformed text gets the same response as a token that is not accepted.
        let token = fields.required("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|token| Self { token })
    }
}

/// Exchange a refresh token for a new access token and the next refresh token.
///
/// For 10 seconds, repeating the request returns the same refresh token, in case the response was lost. Sending an older
/// token ends the session, because it was probably stolen. A session ends 30 days after its sign-in in any case.
#[utoipa::path(
    post,
    path = "/session/refresh",
    operation_id = "refreshSession",
    tag = "accounts",
    request_body = RefreshSessionRequest,
    responses(
        (status = 200, description = "the new tokens", body = SessionTokens),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`session_ended`: signed out, expired, ended by a new password, or the refresh token is invalid or \
                was used before"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn refresh(
    State(App(app)): State<App>,
    gateway: Gateway,
    JsonBody(request): JsonBody<RefreshSessionRequest>,
) -> Result<Json<SessionTokens>, Problem> {
    let signer = app.issuer.signer().await?;
    let Ok(token) = request.token else {
        log_refusal(&gateway, "malformed");
        return Err(session_ended());
    };
    let exchange = exchange(&app, &gateway, &token);
    let exchange = tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await;
    let outcome = exchange.unwrap_or_else(|_| {
        tracing::error!(request_id = gateway.request_id, "deadline_exceeded");
        Err(Problem::unavailable())
    });
    match outcome? {
        Outcome::Refreshed(session, roles) => {
            let next = token.successor(&session.key);
            signer.sign(&gateway, &session, roles, &next).map(Json)
        }
        Outcome::Refused => Err(session_ended()),
        Outcome::Compromised(session, event) => {
            metrics::count(Metric::TokenReplays);
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
    /// The token's successor is the newest token of the session; its user has these roles.
    Refreshed(Session, Roles),
    /// The token is not accepted.
    Refused,
    /// The token was probably stolen or forged, so the session must end; with the name of the log event.
    Compromised(Session, &'static str),
}

async fn exchange(
    app: &Inner,
    gateway: &Gateway,
    token: &RefreshToken,
) -> Result<Outcome, Problem> {
    let mut presentation = Presentation::new(token.generation(), app.clock.now());
    for _ in 0..ATTEMPTS {
        let Some(session) = find_session(app, gateway, token).await? else {
            return Ok(Outcome::Refused);
        };
        let account_state = app.users.account_state(session.user_id).await?;
        let (roles, epoch) = account_state
            .map(|account_state| (account_state.roles, account_state.session_epoch))
            .unzip();
        let roles = roles.unwrap_or_default();
        return Ok(match presentation.judge(&session.family, epoch) {
            Verdict::Rotate => match app.sessions.rotate(&session, app.clock.now()).await? {
                Rotation::Rotated => Outcome::Refreshed(session, roles),
                Rotation::Conflict => continue,
            },
            Verdict::ReadAgain => continue,
            Verdict::Reissue => Outcome::Refreshed(session, roles),
            Verdict::Replayed => Outcome::Compromised(session, "refresh_token_replayed"),
            Verdict::NeverIssued => Outcome::Compromised(session, "refresh_token_never_issued"),
            Verdict::Expired | Verdict::Ended => {
                log_refusal(gateway, "ended");
                Outcome::Refused
            }
        });
    }
    Err(Problem::unavailable())
}
