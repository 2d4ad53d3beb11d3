use aws_sdk_dynamodb::{
    Client,
    types::{Put, TransactWriteItem},
};
use domain::{Email, UserId};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{n, s},
    table::Table,
    transaction::{Outcome, transact},
};

/// As long as `DynamoDB` keeps the record of it in the stream.
const LIFETIME: Duration = Duration::hours(24);

/// Within it, an address gets one mail of a kind: an order for it replaces the earlier one, and the mailer is told of new
/// orders only. The mailer applies the same window to mailboxes ([`crate::MailLimits`]).
const WINDOW: Duration = Duration::minutes(5);

/// Mail that is to be sent. Its stream tells the mailer of what is new in it.
#[derive(Debug, Clone)]
pub struct Outbox(pub(crate) Table);

/// What mail is to be sent, as it was known when the order was written: the mailer finds out what the order does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOrder {
    /// Ask the owner of a new account to verify the address.
    Verify {
        /// Whose account.
        user_id: UserId,
        /// Where the mail goes.
        email: Email,
    },
    /// Let whoever has the address, if anybody, choose a new password.
    Reset {
        /// The address that was named. Mail goes to the one that the account has.
        email: Email,
    },
    /// Let whoever gets mail at the address finish a sign-up; or tell the owner of the account that has it.
    SignUp {
        /// Where the mail goes, unless there is an account.
        email: Email,
    },
}

impl Outbox {
    /// The table that `OUTBOX_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "OUTBOX_TABLE").map(Self)
    }

    /// Orders a mail.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn order(&self, order: &MailOrder, now: OffsetDateTime) -> Result<(), StoreError> {
        match transact(&self.0.client, vec![self.put(order, now)?]).await? {
            // It has no condition.
            Outcome::Committed | Outcome::Refused(_) => Ok(()),
        }
    }

    /// The part of a transaction that orders a mail.
    pub(crate) fn put(
        &self,
        order: &MailOrder,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let email = order.email();
        let mut put = Put::builder()
            .table_name(&self.0.name)
            .item("id", s(order.id(now)))
            .item("kind", s(order.kind()))
            .item("email", s(email.display()))
            .item("email_canonical", s(email.canonical()))
            .item("expires_at", n((now + LIFETIME).unix_timestamp()));
        if let MailOrder::Verify { user_id, .. } = order {
            put = put.item("user_id", s(user_id.to_string()));
        }
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

impl MailOrder {
    /// Reads an order from the texts of its item, as the stream has them.
    ///
    /// # Errors
    /// When it is not of the shape that we write.
    pub fn read<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Result<Self, StoreError> {
        let of = |name: &'static str| text(name).ok_or(StoreError::Corrupt(name));
        let email = Email::stored(of("email")?.to_owned(), of("email_canonical")?.to_owned());
        match of("kind")? {
            "verify" => Ok(Self::Verify {
                user_id: UserId::parse(of("user_id")?)
                    .map_err(|_| StoreError::Corrupt("user_id"))?,
                email,
            }),
            "reset" => Ok(Self::Reset { email }),
            "sign_up" => Ok(Self::SignUp { email }),
            _ => Err(StoreError::Corrupt("kind")),
        }
    }

    /// The word in the table.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Verify { .. } => "verify",
            Self::Reset { .. } => "reset",
            Self::SignUp { .. } => "sign_up",
        }
    }

    fn email(&self) -> &Email {
        match self {
            Self::Verify { email, .. } | Self::Reset { email } | Self::SignUp { email } => email,
        }
    }

    fn id(&self, now: OffsetDateTime) -> String {
        let window = now.unix_timestamp() / WINDOW.whole_seconds();
        format!("{}#{}#{window}", self.kind(), self.email().canonical())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::macros::datetime;

    use super::*;

    fn email() -> Email {
        Email::parse("Ada@Example.com").unwrap()
    }

    #[test]
    fn a_mailbox_gets_one_mail_of_a_kind_in_five_minutes() {
        let now = datetime!(2026-01-01 10:00:01 UTC);
        let id = |order: MailOrder, at| order.id(at);
        let reset = |at| id(MailOrder::Reset { email: email() }, at);
        assert_eq!(reset(now), reset(now + Duration::minutes(4)));
        assert_ne!(reset(now), reset(now + Duration::minutes(5)));
        assert_ne!(reset(now), id(MailOrder::SignUp { email: email() }, now));
        let other = Email::parse("bob@example.com").unwrap();
        assert_ne!(reset(now), id(MailOrder::Reset { email: other }, now));
        // An account that is made, deleted and made again is another one each time; the mailbox is the same.
        let verify = |at| {
            let user_id = UserId::new(at);
            let email = email();
            id(MailOrder::Verify { user_id, email }, at)
        };
        assert_eq!(verify(now), verify(now + Duration::minutes(4)));
    }

    #[test]
    fn what_is_written_is_read() {
        let user_id = UserId::new(datetime!(2026-01-01 10:00:00 UTC));
        for order in [
            MailOrder::Verify {
                user_id,
                email: email(),
            },
            MailOrder::Reset { email: email() },
            MailOrder::SignUp { email: email() },
        ] {
            let texts = BTreeMap::from([
                ("kind", order.kind().to_owned()),
                ("email", "Ada@Example.com".to_owned()),
                ("email_canonical", "ada@example.com".to_owned()),
                ("user_id", user_id.to_string()),
            ]);
            let read = MailOrder::read(|name| texts.get(name).map(String::as_str)).unwrap();
            assert_eq!(read, order);
        }
        assert!(MailOrder::read(|_| Some("x")).is_err());
        assert!(MailOrder::read(|_| None).is_err());
    }
}
