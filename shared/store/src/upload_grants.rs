use aws_sdk_dynamodb::Client;
use domain::UserId;
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, n, s},
    table::Table,
};

/// Leave to upload in somebody's name, for programs that cannot send a header: digest of the grant -> whose it is.
#[derive(Debug, Clone)]
pub struct UploadGrants(Table);

impl UploadGrants {
    /// The table that `UPLOAD_GRANTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "UPLOAD_GRANTS_TABLE").map(Self)
    }

    /// Keeps a grant, by its digest: whoever reads the table can use none of them.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn give(
        &self,
        digest: &str,
        owner: UserId,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        client
            .put_item()
            .table_name(name)
            .item("id", s(digest))
            .item("owner", s(owner.to_string()))
            .item("expires_at", n(expires_at.unix_timestamp()))
            .send()
            .await?;
        Ok(())
    }

    /// Whose grant this is, while it lasts. TTL deletes late and is not asked.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn owner(
        &self,
        digest: &str,
        now: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError> {
        let Table { client, name } = &self.0;
        let found = client
            .get_item()
            .table_name(name)
            .key("id", s(digest))
            .send()
            .await?;
        let Some(item) = found.item else {
            return Ok(None);
        };
        let mut row = Row(item);
        if row.number::<i64>("expires_at")? <= now.unix_timestamp() {
            return Ok(None);
        }
        let owner = UserId::parse(&row.text("owner")?).map_err(|_| StoreError::Corrupt("owner"))?;
        Ok(Some(owner))
    }
}
