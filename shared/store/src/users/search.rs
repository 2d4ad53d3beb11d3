use domain::{Name, NameKey, NamePrefix, User, UserId};

use super::{Users, item::read};
use crate::{
    StoreError,
    row::{Row, s},
};

/// The attributes of the index `names`: its partition key and its sort key.
pub(super) const HEAD: &str = "name_head";
pub(super) const KEY: &str = "name_key";

/// The attributes by which the index `names` finds a user with this name, and their values. `None` if the user is not found by
/// name ([`NameKey::of`]): the item then has none of the two attributes.
#[must_use]
pub fn name_attributes(name: &Name, id: UserId) -> Option<[(&'static str, String); 2]> {
    NameKey::of(name, id).map(|key| attributes(&key))
}

fn attributes(key: &NameKey) -> [(&'static str, String); 2] {
    [
        (HEAD, key.head().to_owned()),
        (KEY, key.as_str().to_owned()),
    ]
}

/// A user who was found by name.
#[derive(Debug)]
pub struct FoundByName {
    /// The position in the list.
    pub key: NameKey,
    /// The user.
    pub user: User,
}

impl Users {
    /// At most `limit` users whose names begin with `prefix`, sorted by name, of those after `after` (all, when there is none).
    ///
    /// It is one query of the index `names`, which follows changes with a short delay. The cost does not depend on the size of
    /// the table.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_by_name(
        &self,
        prefix: &NamePrefix,
        after: Option<&NameKey>,
        limit: usize,
    ) -> Result<Vec<FoundByName>, StoreError> {
        let condition = "name_head = :head AND begins_with(name_key, :prefix)";
        let values = [(":head", s(prefix.head())), (":prefix", s(prefix.as_str()))];
        let page = self
            .0
            .query(condition, values)
            .index_name("names")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(position))
            .send()
            .await?;
        let rows = page.items.unwrap_or_default().into_iter();
        rows.map(|item| found(Row(item))).collect()
    }
}

/// The position of a user in the index: its keys and the key of the table.
fn position(key: &NameKey) -> crate::write::Item {
    let id = ("id", key.id().to_string());
    let texts = attributes(key).into_iter().chain([id]);
    texts
        .map(|(name, value)| (name.to_owned(), s(value)))
        .collect()
}

fn found(mut row: Row) -> Result<FoundByName, StoreError> {
    let key = row.text(KEY)?;
    Ok(FoundByName {
        key: NameKey::parse(&key).ok_or(StoreError::Corrupt(KEY))?,
        user: read(row)?,
    })
}
