use auth::sha256;
use aws_sdk_dynamodb::Client;
use domain::{Email, MailBlock, MailBlockReason};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, milliseconds, n, s},
    table::Table,
};

/// The addresses to which no mail is sent: digest of the canonical address -> reason and time. It has digests, because a block
/// outlives the account of its address.
#[derive(Debug, Clone)]
pub struct MailBlocks(Table);

impl MailBlocks {
    /// The table that `MAIL_BLOCKS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "MAIL_BLOCKS_TABLE").map(Self)
    }

    /// Blocks an address because of a mail that was sent at `mailed_at`. Returns `false` and changes nothing if an administrator
    /// has allowed mail to the address since then, so that an event that arrives late does not undo this.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn block(
        &self,
        email: &Email,
        block: MailBlock,
        mailed_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = self.0.update(key(email));
        let update = update
            .set("reason = :reason, since = :since, expires_at = :expires_at")
            .only_if("attribute_not_exists(allowed_at) OR allowed_at < :mailed_at")
            .bind([
                (":reason", s(block.reason.as_str())),
                (":since", milliseconds(block.since)),
                (":expires_at", n(block.expires_at().unix_timestamp())),
                (":mailed_at", milliseconds(mailed_at)),
            ]);
        Ok(update.send().await?.is_done())
    }

    /// Allows mail to an address again. The item stays until its expiry, with the time: it orders later events.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn allow(&self, email: &Email, now: OffsetDateTime) -> Result<(), StoreError> {
        let update = self.0.update(key(email));
        let update = update
            .set("allowed_at = :now")
            .remove("reason, since")
            .only_if("attribute_exists(reason)")
            .bind([(":now", milliseconds(now))]);
        update.send().await.map(|_| ())
    }

    /// Returns the block of an address, if it holds.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        email: &Email,
        now: OffsetDateTime,
    ) -> Result<Option<MailBlock>, StoreError> {
        let row = self.0.find(key(email)).await?;
        Ok(row.and_then(read).filter(|block| block.holds(now)))
    }
}

fn key(email: &Email) -> [(&'static str, String); 1] {
    [("address", sha256(email.canonical()))]
}

/// Reads a block. An address for which mail is allowed again has none.
fn read(mut row: Row) -> Option<MailBlock> {
    Some(MailBlock {
        reason: MailBlockReason::parse(&row.optional_text("reason")?)?,
        since: row.optional_milliseconds("since")?,
    })
}
