use auth::refresh::RefreshToken;
use http_api::Gateway;
use store::{Session, StoreError};

use crate::Inner;

/// Finds the session of a refresh token, and verifies the token with the session's key.
pub async fn find_session(
    app: &Inner,
    gateway: &Gateway,
    token: &RefreshToken,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = app.sessions.find(token.session_id()).await? else {
        log_refusal(gateway, "unknown");
        return Ok(None);
    };
    if token.verify(&session.key).is_err() {
        log_refusal(gateway, "forged");
        return Ok(None);
    }
    Ok(Some(session))
}

/// Logs why a refresh token was refused. The response never contains the reason.
pub fn log_refusal(gateway: &Gateway, reason: &str) {
    tracing::info!(
        request_id = gateway.request_id,
        reason,
        "refresh_token_refused"
    );
}
