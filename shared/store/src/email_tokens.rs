use aws_sdk_dynamodb::Client;
use domain::{Email, EmailTokenPurpose, StoredEmailToken, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, item, n, s},
    table::Table,
    write::Write,
};

/// The tokens of mailed links: digest of the token -> purpose and expiry.
#[derive(Debug, Clone)]
pub struct EmailTokens(Table);

impl EmailTokens {
    /// The table that `EMAIL_TOKENS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "EMAIL_TOKENS_TABLE").map(Self)
    }

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up(["id"]).await;
    }

    /// Stores a token that is about to be mailed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep(&self, token: &StoredEmailToken) -> Result<(), StoreError> {
        let email = token.purpose.email();
        let mut item = item([
            ("id", s(&token.digest)),
            ("purpose", s(token.purpose.as_str())),
            ("email", s(email.display())),
            ("email_canonical", s(email.canonical())),
            ("expires_at", n(token.expires_at.unix_timestamp())),
        ]);
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        match &token.purpose {
            EmailTokenPurpose::Verify { user_id, .. } => {
                put("user_id", s(user_id.to_string()));
            }
            EmailTokenPurpose::Reset { user_id, epoch, .. } => {
                put("user_id", s(user_id.to_string()));
                put("epoch", n(epoch));
            }
            EmailTokenPurpose::SignUp { .. } => {}
        }
        self.0.put(item).send().await.map(|_| ())
    }

    /// The token of this digest, unless it has expired. TTL deletes late, so it is not relied upon.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        digest: &str,
        now: OffsetDateTime,
    ) -> Result<Option<StoredEmailToken>, StoreError> {
        let found = self.0.find([("id", digest.to_owned())]).await?;
        let token = found.map(|row| read(digest, row)).transpose()?;
        Ok(token.filter(|token| !token.is_expired(now)))
    }

    /// The part of a transaction that uses a token up.
    pub(crate) fn redeem(&self, token: &StoredEmailToken, now: OffsetDateTime) -> Write {
        let delete = self.0.delete([("id", token.digest.clone())]);
        delete
            .only_if("purpose = :purpose AND expires_at > :now")
            .bind([
                (":purpose", s(token.purpose.as_str())),
                (":now", n(now.unix_timestamp())),
            ])
    }
}

fn read(digest: &str, mut row: Row) -> Result<StoredEmailToken, StoreError> {
    let email = Email::stored(row.text("email")?, row.text("email_canonical")?);
    let expires_at = row.seconds("expires_at")?;
    let purpose = row.text("purpose")?;
    let mut user_id = || -> Result<UserId, StoreError> { row.parsed("user_id", UserId::parse) };
    let purpose = match purpose.as_str() {
        "verify" => EmailTokenPurpose::Verify {
            user_id: user_id()?,
            email,
        },
        "reset" => EmailTokenPurpose::Reset {
            user_id: user_id()?,
            email,
            epoch: row.number("epoch")?,
        },
        "sign_up" => EmailTokenPurpose::SignUp { email },
        _ => return Err(StoreError::Corrupt("purpose")),
    };
    Ok(StoredEmailToken {
        digest: digest.to_owned(),
        purpose,
        expires_at,
    })
}
