use auth::refresh::RefreshToken;
use http_api::Gateway;
use store::{Session, StoreError};

use crate::Inner;

/// The session that a refresh token belongs to, once the token is seen to be made with its key.
pub async fn session_of(
    app: &Inner,
    gateway: &Gateway,
    token: &RefreshToken,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = app.sessions.find(token.session_id()).await? else {
        refused(gateway, "unknown");
        return Ok(None);
    };
    if token.verify(&session.key).is_err() {
        refused(gateway, "forged");
        return Ok(None);
    }
    Ok(Some(session))
}

/// Says why in the log, and nowhere else.
pub fn refused(gateway: &Gateway, reason: &str) {
    tracing::info!(
        request_id = gateway.request_id,
        reason,
        "refresh_token_refused"
    );
}
