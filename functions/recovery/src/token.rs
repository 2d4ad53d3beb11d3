use auth::email_token::EmailToken;
use domain::{Invalid, StoredEmailToken};
use http::StatusCode;
use http_api::Problem;

use crate::App;

/// 422: the token is not valid. The response is the same for every reason, so that it reveals nothing about the token.
pub const INVALID_TOKEN: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_email_token",
    "The link is invalid, has expired, was used before, or was replaced by a newer one. Request a new link.",
);

/// The token of a request; `None` if it is malformed, which gets the same response as an expired token.
pub struct TokenField(Option<EmailToken>);

impl TokenField {
    /// Parses the field. It never fails.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of a field's parser")]
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(EmailToken::parse(text.trim()).ok()))
    }

    /// Finds the stored token.
    ///
    /// # Errors
    /// 422 when the token is not valid.
    pub async fn find(&self, app: &App) -> Result<StoredEmailToken, Problem> {
        let token = self.0.as_ref().ok_or(INVALID_TOKEN)?;
        let found = app.tokens.find(&token.digest(), app.clock.now()).await?;
        found.ok_or(INVALID_TOKEN)
    }
}
