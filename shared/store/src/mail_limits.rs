use std::num::NonZeroU32;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{Email, OrderId, TimeWindow};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    outbox::window_of,
    row::{n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::Write,
};

/// How long a counter is kept: a day, and the time for which an order of that day may be tried again.
const LIFETIME: Duration = Duration::hours(48);

/// How long it is known that a receipt was sent: longer than its event can wait in a queue and in a queue of dead letters.
const RECEIPT_LIFETIME: Duration = Duration::days(60);

fn receipt_key(order: OrderId) -> String {
    format!("mail#receipt#{order}")
}

/// Limits of the mail that callers without an account can cause, which is all mail so far
/// (docs/adr/0032-mail-is-limited-where-it-is-sent.md).
#[derive(Debug, Clone)]
pub struct MailLimits {
    table: Table,
    per_mailbox: NonZeroU32,
    per_day: NonZeroU32,
}

/// An order in the outbox, as the mailer reads it from the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRef<'a> {
    /// The key of the item.
    pub id: &'a str,
    /// The kind of mail ([`crate::MailOrder::kind`]).
    pub kind: &'a str,
}

/// Whether a mail may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailClaim {
    /// It may, and it is counted.
    Granted,
    /// It may not: this limit is reached.
    Refused(MailLimit),
}

/// A limit of mail. Each is a part of the transaction of a claim; the first that is reached is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailLimit {
    /// A mailbox gets one mail of a kind in five minutes: this one belongs to another order.
    Window,
    /// Mails to one mailbox in a day.
    Mailbox,
    /// Mails of the whole stack in a day.
    Stack,
}

impl MailLimit {
    /// The word in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Mailbox => "mailbox",
            Self::Stack => "stack",
        }
    }
}

impl MailLimits {
    /// Limits in the table that `LIMITS_TABLE` names, with the numbers of `MAILS_PER_MAILBOX` and `MAILS_PER_DAY`.
    ///
    /// # Errors
    /// When a variable is missing or is not a number.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            table: Table::from_env(env, client, "LIMITS_TABLE")?,
            per_mailbox: env.parsed("MAILS_PER_MAILBOX", "a number of mails from 1 on")?,
            per_day: env.parsed("MAILS_PER_DAY", "a number of mails from 1 on")?,
        })
    }

    /// Claims a mail to `to` for the order of this id and kind: one transaction counts it against all three limits or against
    /// none. The same order can claim its mail again, and is not counted again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim(
        &self,
        order: OrderRef<'_>,
        to: &Email,
        now: OffsetDateTime,
    ) -> Result<MailClaim, StoreError> {
        let mailbox = to.mailbox();
        let day = TimeWindow::at(now, Duration::DAY).number();
        let window = format!(
            "mail#window#{}#{mailbox}#{}",
            order.kind,
            window_of(order.id)
        );
        let of_mailbox = format!("mail#mailbox#{mailbox}#{day}");
        let of_stack = format!("mail#stack#{day}");
        let claim = Transaction::of(
            (MailLimit::Window, self.take_window(&window, order.id, now)),
            (
                MailLimit::Mailbox,
                self.count(of_mailbox, self.per_mailbox, now),
            ),
        )?
        .and(MailLimit::Stack, self.count(of_stack, self.per_day, now))?;
        let limit = match claim.commit().await? {
            Outcome::Committed => return Ok(MailClaim::Granted),
            Outcome::Refused(failed) => failed.first(),
        };
        match limit {
            MailLimit::Window if self.is_claimed_by(window, order.id).await? => {
                Ok(MailClaim::Granted)
            }
            MailLimit::Window | MailLimit::Mailbox | MailLimit::Stack => {
                Ok(MailClaim::Refused(limit))
            }
        }
    }

    /// Whether the receipt of an order was sent ([`MailLimits::receipt_sent`]): an update that changes nothing, so that the role
    /// needs no right to read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_receipt_sent(&self, order: OrderId) -> Result<bool, StoreError> {
        let id = receipt_key(order);
        self.is_claimed_by(id.clone(), &id).await
    }

    /// Records that the receipt of an order was sent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn receipt_sent(
        &self,
        order: OrderId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let id = receipt_key(order);
        let expires_at = n((now + RECEIPT_LIFETIME).unix_timestamp());
        let update = self
            .table
            .update([("id", id.clone())])
            .set("mail_order = :order, expires_at = :expires_at")
            .bind([(":order", s(id)), (":expires_at", expires_at)]);
        update.send().await.map(|_| ())
    }

    /// The part that makes an order the only one of its window.
    fn take_window(&self, id: &str, order_id: &str, now: OffsetDateTime) -> Write {
        self.table
            .update([("id", id.to_owned())])
            .set("mail_order = :order, expires_at = :expires_at")
            .only_if("attribute_not_exists(mail_order)")
            .bind([(":order", s(order_id)), (":expires_at", expires_at(now))])
    }

    /// The part that adds one to a counter, up to `max`.
    fn count(&self, id: String, max: NonZeroU32, now: OffsetDateTime) -> Write {
        self.table
            .update([("id", id)])
            .set("expires_at = :expires_at")
            .add("#count :one")
            .only_if("attribute_not_exists(#count) OR #count < :max")
            .bind([
                (":one", n(1)),
                (":max", n(max)),
                (":expires_at", expires_at(now)),
            ])
    }

    /// Whether a window belongs to an order: an update that changes nothing, so that the role needs no right to read.
    async fn is_claimed_by(&self, id: String, order_id: &str) -> Result<bool, StoreError> {
        let update = self.table.update([("id", id)]);
        let update = update
            .set("mail_order = :order")
            .only_if("mail_order = :order")
            .bind([(":order", s(order_id))]);
        Ok(update.send().await?.is_done())
    }
}

fn expires_at(now: OffsetDateTime) -> AttributeValue {
    n((now + LIFETIME).unix_timestamp())
}
