//! Many accounts at once, for commands of the operator.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use domain::{Email, User, UserId};

use crate::{
    AccountTables, Credential, Credentials, StoreError, Users, credentials,
    row::{Row, s},
    table::Table,
    transaction::Pauses,
    users::item,
    write::Item,
};

/// The accounts of one request: `BatchWriteItem` accepts 25 items, and an account has two.
pub const ACCOUNTS_PER_WRITE: usize = 12;
/// The addresses of one request: `BatchGetItem` accepts 100 keys.
pub const ADDRESSES_PER_READ: usize = 100;
/// How often the rest of a batch that a table did not accept is sent again. The pauses grow to half a second each.
const TRIES: u32 = 60;

/// Writes accounts without a condition and without a transaction: an existing account with the same address or id is replaced.
/// Only for a system that has no accounts. At most [`ACCOUNTS_PER_WRITE`].
///
/// # Errors
/// When the tables do not answer, or are throttled for too long.
pub async fn put_accounts(
    tables: AccountTables<'_>,
    accounts: &[(User, Credential)],
) -> Result<(), StoreError> {
    let (users, credentials) = (&tables.users.0, &tables.credentials.0);
    let put_users = accounts
        .iter()
        .map(|(user, credential)| put(item::write(user, credential.session_epoch)));
    let put_credentials = accounts
        .iter()
        .map(|(user, credential)| put(credentials::write(&user.email, credential)));
    let mut requests = HashMap::from([
        (
            users.name.clone(),
            put_users.collect::<Result<Vec<_>, _>>()?,
        ),
        (
            credentials.name.clone(),
            put_credentials.collect::<Result<Vec<_>, _>>()?,
        ),
    ]);
    let mut pauses = Pauses::default();
    for _ in 0..TRIES {
        let write = users.client.batch_write_item();
        let written = write.set_request_items(Some(requests)).send().await?;
        requests = written.unprocessed_items.unwrap_or_default();
        if requests.is_empty() {
            return Ok(());
        }
        pauses.next().await;
    }
    Err(throttled())
}

fn put(item: Item) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder().set_item(Some(item)).build()?;
    Ok(WriteRequest::builder().put_request(put).build())
}

fn throttled() -> StoreError {
    StoreError::Unavailable("the tables are throttled; try again later".to_owned())
}

impl Users {
    /// Whether there is no user at all. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let Table { client, name } = &self.0;
        let scan = client.scan().table_name(name).limit(1);
        let found = scan.consistent_read(true).send().await?;
        Ok(found.count == 0)
    }
}

impl Credentials {
    /// The users of those of these addresses that have an account, by canonical address. At most [`ADDRESSES_PER_READ`].
    ///
    /// # Errors
    /// When the table does not answer, or is throttled for too long.
    pub async fn find_user_ids(
        &self,
        emails: &[&Email],
    ) -> Result<HashMap<String, UserId>, StoreError> {
        let Table { client, name } = &self.0;
        let key = |email: &&Email| Item::from([("email".to_owned(), s(email.canonical()))]);
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(emails.iter().map(key).collect()))
            .projection_expression("email, user_id")
            .consistent_read(true)
            .build()?;
        let mut requests = HashMap::from([(name.clone(), keys)]);
        let (mut found, mut pauses) = (HashMap::new(), Pauses::default());
        for _ in 0..TRIES {
            let get = client.batch_get_item();
            let page = get.set_request_items(Some(requests)).send().await?;
            for item in page
                .responses
                .into_iter()
                .flat_map(HashMap::into_values)
                .flatten()
            {
                let mut row = Row(item);
                let id = row.parsed("user_id", UserId::parse)?;
                found.insert(row.text("email")?, id);
            }
            requests = page.unprocessed_keys.unwrap_or_default();
            if requests.is_empty() {
                return Ok(found);
            }
            pauses.next().await;
        }
        Err(throttled())
    }
}
