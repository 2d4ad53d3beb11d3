//! What is stored about one person, for the operator.

use domain::{Email, Lockout, Roles, Status, UploadId, UserId, upload::Reader};
use time::OffsetDateTime;

use crate::{
    Credentials, ReadGrants, StoreError,
    credentials::{key, lockout, status},
    expression::names,
    row::{Row, s},
};

/// A credential without its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFacts {
    /// The user that it belongs to.
    pub user_id: UserId,
    /// What the user may do.
    pub roles: Roles,
    /// Whether the account may sign in.
    pub status: Status,
    /// When the owner showed that they receive mail at the address.
    pub verified_at: Option<OffsetDateTime>,
    /// The wrong guesses at the password, and the wait that they cause.
    pub lockout: Lockout,
}

/// A read grant that a user received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantToPerson {
    /// The upload.
    pub upload: UploadId,
    /// The owner of the upload.
    pub owner: UserId,
    /// When it was given.
    pub granted_at: OffsetDateTime,
}

impl Credentials {
    /// The credential of an address, without the hash.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn facts(&self, email: &Email) -> Result<Option<CredentialFacts>, StoreError> {
        let attributes = "user_id, #roles, #status, verified_at, failures, locked_until";
        let found = self.0.find_attributes(key(email), attributes).await?;
        let read = |mut row: Row| {
            Ok(CredentialFacts {
                user_id: row.parsed("user_id", UserId::parse)?,
                roles: row.roles("roles"),
                status: status(&mut row)?,
                verified_at: row.time("verified_at").ok(),
                lockout: lockout(&mut row),
            })
        };
        found.map(read).transpose()
    }
}

impl ReadGrants {
    /// All grants to this reader, of uploads that may be deleted since. Reads the whole table: only for commands of the operator.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn scan_received(&self, reader: Reader) -> Result<Vec<GrantToPerson>, StoreError> {
        let condition = "#reader = :reader";
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let scan = self.0.client.scan().table_name(&self.0.name);
            let page = scan
                .filter_expression(condition)
                .set_expression_attribute_names(names([condition].into_iter()))
                .expression_attribute_values(":reader", s(reader.to_string()))
                .set_exclusive_start_key(after)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let mut row = Row(item);
                found.push(GrantToPerson {
                    upload: row.parsed("upload", UploadId::parse)?,
                    owner: row.parsed("owner", UserId::parse)?,
                    granted_at: row.time("granted_at")?,
                });
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}
