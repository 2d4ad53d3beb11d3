use auth::email_token::EmailToken;
use domain::{Invalid, StoredEmailToken};
use http::StatusCode;
use http_api::Problem;

use crate::App;

/// One answer for all that is wrong with a token: which it was is nobody's business but its owner's.
pub const INVALID: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_email_token",
    "the link is not valid, or not any more: it was used, is too old, or another one took its place; ask for a new one",
);

/// A token as it came in. Anything is one until it is looked up: a mangled link gets the answer of an old one.
pub struct TokenField(Option<EmailToken>);

impl TokenField {
    /// Reads the field; it never fails.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of a field's parser")]
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Ok(Self(EmailToken::parse(text.trim()).ok()))
    }

    /// What it is good for.
    ///
    /// # Errors
    /// 422 when that is nothing.
    pub async fn find(&self, app: &App) -> Result<StoredEmailToken, Problem> {
        let token = self.0.as_ref().ok_or(INVALID)?;
        let found = app.tokens.find(&token.digest(), app.clock.now()).await?;
        found.ok_or(INVALID)
    }
}
