//! What is stored about one person, for the operator.

use domain::{
    Email, Lockout, ReceivedId, Roles, Status, Upload, UploadId, UserId,
    upload::{Grantee, ReadGrant, Reader},
};
use time::OffsetDateTime;

use crate::{
    Credentials, ReadGrants, ReceivedGrant, StoreError,
    credentials::{key, lockout, status},
    expression::names,
    read_grants::{read, read_reader_grant, reader_of},
    row::{Row, n, s},
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
    /// All grants of an upload that hold.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn all_given(&self, upload: &Upload) -> Result<Vec<ReadGrant>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let values = [
                (":upload", s(upload.id.to_string())),
                (":deletions", n(upload.deletions)),
            ];
            let query = self
                .0
                .query_filtered("upload = :upload", "deletions = :deletions", values);
            let page = query.set_exclusive_start_key(after).send().await?;
            for item in page.items.unwrap_or_default() {
                found.push(read(Row(item))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// All grants to this user and to their verified address, of uploads that may be deleted since. Reads the whole table, also
    /// grants that are not in the index yet: only for commands of the operator.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn scan_received(
        &self,
        user: UserId,
        address: Option<&Email>,
    ) -> Result<Vec<ReceivedGrant>, StoreError> {
        let condition = "#reader IN (:user, :address)";
        let user = Reader::User(user);
        // Without a verified address, the same reader twice.
        let address = address.map_or(user, |email| reader_of(&Grantee::Email(email.clone())));
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let scan = self.0.client.scan().table_name(&self.0.name);
            let page = scan
                .filter_expression(condition)
                .set_expression_attribute_names(names([condition].into_iter()))
                .expression_attribute_values(":user", s(user.to_string()))
                .expression_attribute_values(":address", s(address.to_string()))
                .set_exclusive_start_key(after)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                found.push(read_received(Row(item))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(found);
            }
        }
    }
}

fn read_received(mut row: Row) -> Result<ReceivedGrant, StoreError> {
    let upload = row.parsed("upload", UploadId::parse)?;
    let granted_at = row.time("granted_at")?;
    Ok(ReceivedGrant {
        // As in the index, which a grant of an earlier version is not in.
        id: ReceivedId::of_grant(granted_at, upload),
        upload,
        grant: read_reader_grant(&mut row)?,
        granted_at,
    })
}
