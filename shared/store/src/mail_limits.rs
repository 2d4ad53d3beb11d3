use std::num::NonZeroU32;

use aws_sdk_dynamodb::{
    Client,
    types::{TransactWriteItem, Update},
};
use domain::Email;
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{n, s},
    table::{Table, is_conditional_check},
    transaction::{Outcome, retry_conflicts, transact},
};

/// How long a counter is kept: a day, and the time for which an order of that day may be tried again.
const LIFETIME: Duration = Duration::hours(48);

/// Limits of the mail that callers without an account can cause, which is all mail so far
/// (docs/adr/0032-mail-is-limited-where-it-is-sent.md).
#[derive(Debug, Clone)]
pub struct MailLimits {
    table: Table,
    per_mailbox: NonZeroU32,
    per_day: NonZeroU32,
}

/// Whether a mail may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailClaim {
    /// It may, and it is counted.
    Granted,
    /// It may not.
    Refused(MailLimit),
}

/// What keeps a mail from being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailLimit {
    /// Another order for a mail of this kind to this mailbox came in the same five minutes.
    Window,
    /// The mailbox got as much mail as it may get in a day.
    Mailbox,
    /// The stack sent as much mail as it may send in a day.
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
        (order_id, kind): (&str, &str),
        to: &Email,
        now: OffsetDateTime,
    ) -> Result<MailClaim, StoreError> {
        let mailbox = to.mailbox();
        let day = now.unix_timestamp().div_euclid(86_400);
        // An order's id ends with its window.
        let window = order_id.rsplit('#').next().unwrap_or_default();
        let window = format!("mail#window#{kind}#{mailbox}#{window}");
        let parts = vec![
            self.first(&window, order_id, now)?,
            self.count(
                &format!("mail#mailbox#{mailbox}#{day}"),
                self.per_mailbox,
                now,
            )?,
            self.count(&format!("mail#stack#{day}"), self.per_day, now)?,
        ];
        let refused = match transact(&self.table.client, parts).await? {
            Outcome::Committed => return Ok(MailClaim::Granted),
            Outcome::Refused(failed) => failed,
        };
        let limit = match refused[..] {
            [true, ..] if self.is_claimed_by(&window, order_id).await? => {
                return Ok(MailClaim::Granted);
            }
            [true, ..] => MailLimit::Window,
            [_, true, ..] => MailLimit::Mailbox,
            _ => MailLimit::Stack,
        };
        Ok(MailClaim::Refused(limit))
    }

    /// The part that makes an order the only one of its window.
    fn first(
        &self,
        id: &str,
        order_id: &str,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .key("id", s(id))
            .update_expression("SET mail_order = :order, expires_at = :expires_at")
            .condition_expression("attribute_not_exists(mail_order)")
            .expression_attribute_values(":order", s(order_id))
            .expression_attribute_values(":expires_at", n((now + LIFETIME).unix_timestamp()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The part that counts one more, up to `max`.
    fn count(
        &self,
        id: &str,
        max: NonZeroU32,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .key("id", s(id))
            .update_expression("SET expires_at = :expires_at ADD #count :one")
            .condition_expression("attribute_not_exists(#count) OR #count < :max")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":max", n(max))
            .expression_attribute_values(":expires_at", n((now + LIFETIME).unix_timestamp()));
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Whether a window belongs to an order: an update that changes nothing, so that the role needs no right to read.
    async fn is_claimed_by(&self, id: &str, order_id: &str) -> Result<bool, StoreError> {
        let Table { client, name } = &self.table;
        let ask = client
            .update_item()
            .table_name(name)
            .key("id", s(id))
            .update_expression("SET mail_order = :order")
            .condition_expression("mail_order = :order")
            .expression_attribute_values(":order", s(order_id));
        match retry_conflicts(|| ask.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_check(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
