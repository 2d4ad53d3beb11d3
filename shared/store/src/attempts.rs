//! Wrong guesses at a password, counted in the credential.
//!
//! An update creates the item of a key that has none; the condition on the user keeps it from creating a credential.
//! Attempts at unknown addresses are recorded in decoy credentials, so that a refusal always costs one write.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::{AccountRef, Lockout, UserId};
use time::OffsetDateTime;

use crate::{
    Credentials, StoreError,
    row::{milliseconds, n, s},
    write::Write,
};

/// The number of decoy credentials: so many that a flood of attempts at unknown addresses is no slower than one at many
/// accounts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
const DECOYS: u8 = 64;

const COUNT: &str = "failures = if_not_exists(failures, :zero) + :one";

impl Credentials {
    /// Counts a wrong guess that was free when it was made. The last free one locks the account for the first wait, and
    /// wrong guesses that were made at the same time are counted no more. Says whether it was counted.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_failure(
        &self,
        account: AccountRef<'_>,
        read: Lockout,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = self
            .attempt(account.email.canonical(), account.user_id)
            .set(COUNT)
            .only_if("user_id = :owner AND attribute_not_exists(locked_until)")
            .bind([(":zero", n(0)), (":one", n(1))]);
        let update = match read.after_failure(now).locked_until {
            None => update,
            Some(until) => update
                .set("locked_until = :until")
                .bind([(":until", milliseconds(until))]),
        };
        is_done(update).await
    }

    /// Claims the one guess that may be made when a wait is over, and counts it as wrong at once: of any number of requests
    /// one makes it, and the next wait begins with it. Says whether it was this one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_attempt(
        &self,
        account: AccountRef<'_>,
        read: Lockout,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let next = read.after_failure(now);
        let update = self
            .attempt(account.email.canonical(), account.user_id)
            .set("failures = :next, locked_until = :until")
            .only_if("user_id = :owner AND failures = :seen")
            .only_if("attribute_not_exists(locked_until) OR locked_until <= :now")
            .bind([
                (":seen", n(read.failed.number())),
                (":next", n(next.failed.number())),
                (":until", milliseconds(next.locked_until.unwrap_or(now))),
                (":now", milliseconds(now)),
            ]);
        is_done(update).await
    }

    /// Clears all wrong guesses, after the right password. A retry does the same again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn clear_failures(&self, account: AccountRef<'_>) -> Result<(), StoreError> {
        let update = self
            .attempt(account.email.canonical(), account.user_id)
            .remove("failures, locked_until, write_id")
            .only_if("user_id = :owner");
        update.send().await.map(|_| ())
    }

    /// Records an attempt at an unknown address or a locked account, in a decoy credential: no address has its key. A write
    /// takes `DynamoDB` longer than a failed condition, so the condition always holds.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_decoy_attempt(&self, owner: UserId) -> Result<(), StoreError> {
        let decoy = format!("decoy#{}", fastrand::u8(..DECOYS));
        let update = self
            .attempt(&decoy, owner)
            .set(COUNT)
            .only_if("NOT user_id = :owner AND attribute_not_exists(locked_until)")
            .bind([(":zero", n(0)), (":one", n(1))]);
        is_done(update).await.map(|_| ())
    }

    fn attempt(&self, email: &str, owner: UserId) -> Write {
        let update = self.0.update([("email", email.to_owned())]);
        update.bind([(":owner", s(owner.to_string()))])
    }
}

/// Says whether the update was done.
async fn is_done(update: Write) -> Result<bool, StoreError> {
    let written = update.send_marked(ReturnValue::None).await?;
    Ok(written.is_done())
}
