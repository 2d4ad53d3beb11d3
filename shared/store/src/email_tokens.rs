use aws_sdk_dynamodb::{
    Client,
    types::{Delete, TransactWriteItem},
};
use domain::{Email, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, n, s},
    table::Table,
};

/// What links in mails are worth: digest of the token -> what its holder may do, once.
#[derive(Debug, Clone)]
pub struct EmailTokens(Table);

/// A token as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// What the table knows it by: whoever reads the table can use none of them.
    pub digest: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

/// What the holder of a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Say that the address is theirs.
    Verify {
        /// Of which account. Another one with the address is none of its business.
        user_id: UserId,
        /// The address.
        email: Email,
    },
    /// Choose a new password.
    Reset {
        /// Of which account.
        user_id: UserId,
        /// Its address.
        email: Email,
        /// Its session epoch: whatever else ends the sessions, like another reset, makes the token void.
        epoch: u64,
    },
    /// Finish a sign-up.
    SignUp {
        /// With this address, as the mail went there.
        email: Email,
    },
}

impl Purpose {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Verify { .. } => "verify",
            Self::Reset { .. } => "reset",
            Self::SignUp { .. } => "sign_up",
        }
    }

    fn email(&self) -> &Email {
        match self {
            Self::Verify { email, .. } | Self::Reset { email, .. } | Self::SignUp { email } => {
                email
            }
        }
    }
}

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
        self.0.warm_up("id").await;
    }

    /// Keeps a token that is about to be mailed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep(&self, token: &StoredToken) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let email = token.purpose.email();
        let put = client
            .put_item()
            .table_name(name)
            .item("id", s(&token.digest))
            .item("purpose", s(token.purpose.as_str()))
            .item("email", s(email.display()))
            .item("email_canonical", s(email.canonical()))
            .item("expires_at", n(token.expires_at.unix_timestamp()));
        let put = match &token.purpose {
            Purpose::Verify { user_id, .. } => put.item("user_id", s(user_id.to_string())),
            Purpose::Reset { user_id, epoch, .. } => put
                .item("user_id", s(user_id.to_string()))
                .item("epoch", n(epoch)),
            Purpose::SignUp { .. } => put,
        };
        put.send().await?;
        Ok(())
    }

    /// The token of this digest, while it lasts. TTL deletes late and is not asked.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        digest: &str,
        now: OffsetDateTime,
    ) -> Result<Option<StoredToken>, StoreError> {
        let found = self.0.find([("id", digest.to_owned())]).await?;
        let token = found.map(|row| read(digest, row)).transpose()?;
        Ok(token.filter(|token| token.expires_at > now))
    }

    /// The part of what a token is good for that uses it up.
    pub(crate) fn redeem(
        &self,
        token: &StoredToken,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.0.name)
            .key("id", s(&token.digest))
            .condition_expression("purpose = :purpose AND expires_at > :now")
            .expression_attribute_values(":purpose", s(token.purpose.as_str()))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .build();
        Ok(TransactWriteItem::builder().delete(delete?).build())
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }
}

fn read(digest: &str, mut row: Row) -> Result<StoredToken, StoreError> {
    let email = Email::stored(row.text("email")?, row.text("email_canonical")?);
    let expires_at = OffsetDateTime::from_unix_timestamp(row.number("expires_at")?)
        .map_err(|_| StoreError::Corrupt("expires_at"))?;
    let purpose = row.text("purpose")?;
    let mut user_id = || -> Result<UserId, StoreError> { row.parsed("user_id", UserId::parse) };
    let purpose = match purpose.as_str() {
        "verify" => Purpose::Verify {
            user_id: user_id()?,
            email,
        },
        "reset" => Purpose::Reset {
            user_id: user_id()?,
            email,
            epoch: row.number("epoch")?,
        },
        "sign_up" => Purpose::SignUp { email },
        _ => return Err(StoreError::Corrupt("purpose")),
    };
    Ok(StoredToken {
        digest: digest.to_owned(),
        purpose,
        expires_at,
    })
}
