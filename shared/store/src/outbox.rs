use aws_sdk_dynamodb::Client;
use domain::{Email, Languages, TimeWindow, UserId};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{item, n, s},
    table::Table,
    write::Write,
};

/// As long as `DynamoDB` keeps the change in the stream.
const LIFETIME: Duration = Duration::hours(24);

/// An address gets one mail of a kind in this window: an order replaces an earlier one of the same window, and the stream
/// tells the mailer of new items only. The mailer applies the same window to mailboxes ([`crate::MailLimits`]).
const WINDOW: Duration = Duration::minutes(5);

/// The attribute with the languages that the recipient may prefer, best first; missing if none is known.
const LANGUAGES: &str = "languages";

/// Mail that is to be sent. The stream of the table starts the mailer for each new item.
#[derive(Debug, Clone)]
pub struct Outbox(pub(crate) Table);

/// A mail that is to be sent, as far as it was known when the order was written. The mailer reads the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOrder {
    /// Asks the owner of a new account to verify the address.
    Verify {
        /// The account.
        user_id: UserId,
        /// The address that the mail is sent to.
        email: Email,
    },
    /// Lets the owner of the account at an address, if there is one, choose a new password.
    Reset {
        /// The address in the request. The mail is sent to the address of the account.
        email: Email,
    },
    /// Lets the owner of an address finish a sign-up, or tells the owner of the account that already has it.
    SignUp {
        /// The address that the mail is sent to, unless it has an account.
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

    /// Orders a mail, in the best of these languages.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn order(
        &self,
        order: &MailOrder,
        languages: &Languages,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.put(order, languages, now).send().await.map(|_| ())
    }

    /// The write that orders a mail, alone or as a part of a transaction.
    pub(crate) fn put(
        &self,
        order: &MailOrder,
        languages: &Languages,
        now: OffsetDateTime,
    ) -> Write {
        let email = order.email();
        let mut item = item([
            ("id", s(order.id(now))),
            ("kind", s(order.kind())),
            ("email", s(email.display())),
            ("email_canonical", s(email.canonical())),
            ("expires_at", n((now + LIFETIME).unix_timestamp())),
        ]);
        if let MailOrder::Verify { user_id, .. } = order {
            item.insert("user_id".to_owned(), s(user_id.to_string()));
        }
        if let Some(languages) = languages.text() {
            item.insert(LANGUAGES.to_owned(), s(languages));
        }
        self.0.put(item)
    }
}

/// The languages of an order, from the texts of its item in the stream.
pub fn languages_of<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Languages {
    text(LANGUAGES).map(Languages::parse).unwrap_or_default()
}

impl MailOrder {
    /// Reads an order from the texts of its item in the stream.
    ///
    /// # Errors
    /// When an attribute is missing or unknown.
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

    /// The address that the order is about.
    #[must_use]
    pub const fn email(&self) -> &Email {
        match self {
            Self::Verify { email, .. } | Self::Reset { email } | Self::SignUp { email } => email,
        }
    }

    fn id(&self, now: OffsetDateTime) -> String {
        let window = TimeWindow::at(now, WINDOW).number();
        format!("{}#{}#{window}", self.kind(), self.email().canonical())
    }
}

/// The window of an order, from its id.
pub(crate) fn window_of(order_id: &str) -> &str {
    order_id
        .rsplit_once('#')
        .map_or(order_id, |(_, window)| window)
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
    fn an_address_has_one_order_of_a_kind_in_five_minutes() {
        let now = datetime!(2026-01-01 10:00:01 UTC);
        let id = |order: MailOrder, at| order.id(at);
        let reset = |at| id(MailOrder::Reset { email: email() }, at);
        assert_eq!(reset(now), reset(now + Duration::minutes(4)));
        assert_ne!(reset(now), reset(now + Duration::minutes(5)));
        assert_ne!(reset(now), id(MailOrder::SignUp { email: email() }, now));
        let other = Email::parse("bob@example.com").unwrap();
        assert_ne!(reset(now), id(MailOrder::Reset { email: other }, now));
        // An account that is created, deleted and created again has another id each time; the address is the same.
        let verify = |at| {
            let user_id = UserId::new(at);
            let email = email();
            id(MailOrder::Verify { user_id, email }, at)
        };
        assert_eq!(verify(now), verify(now + Duration::minutes(4)));
    }

    #[test]
    fn the_id_of_an_order_tells_its_window() {
        let now = datetime!(2026-01-01 10:00:01 UTC);
        let id = MailOrder::Reset { email: email() }.id(now);
        assert_eq!(
            window_of(&id),
            TimeWindow::at(now, WINDOW).number().to_string()
        );
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
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
