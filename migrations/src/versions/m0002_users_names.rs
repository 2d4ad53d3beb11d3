use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Name, UserId};

use crate::{Down, Item, Migration, Unusable, steps};

const TABLE: &str = "UsersTable";

/// Gives users who signed up before the index `names` the attributes of that index. A user without them can do everything, and is
/// only missing from the search by name.
pub(super) fn migration() -> Migration {
    Migration {
        number: 2,
        name: "users_names",
        up: vec![
            steps::wait_for_index(TABLE, "names"),
            steps::back_fill(TABLE, ["name_head", "name_key"], &["name"], attributes),
        ],
        down: Down::Steps(vec![steps::remove(TABLE, ["name_head", "name_key"])]),
    }
}

/// Returns what a function writes for a new user. A user of whose name nothing is left is not in the index.
fn attributes(item: &Item) -> Result<Option<[AttributeValue; 2]>, Unusable> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    if text("id").is_some_and(|id| store::is_deletion_key(id)) {
        return Ok(None);
    }
    let name = text("name").ok_or(Unusable("the user has no name"))?;
    let id = text("id").and_then(|id| UserId::parse(id).ok());
    let id = id.ok_or(Unusable("the user has no id"))?;
    let found = store::name_attributes(&Name::stored(name.clone()), id);
    Ok(found.map(|attributes| attributes.map(|(_, value)| AttributeValue::S(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Item {
        let texts = [
            ("id", "01994f6a-9c00-7123-8456-0123456789ab"),
            ("name", name),
        ];
        texts
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
            .into()
    }

    #[test]
    fn the_attributes_are_those_of_a_new_user_in_the_same_order() {
        let id = UserId::parse("01994f6a-9c00-7123-8456-0123456789ab").unwrap();
        let new = store::name_attributes(&Name::stored("Ada L".to_owned()), id).unwrap();
        assert_eq!(
            new.each_ref().map(|(name, _)| *name),
            ["name_head", "name_key"]
        );
        let expected = new.map(|(_, value)| AttributeValue::S(value));
        assert_eq!(expected[0], AttributeValue::S("ad".to_owned()));
        assert_eq!(attributes(&user("Ada L")), Ok(Some(expected)));
    }

    #[test]
    fn a_name_that_is_not_found_and_a_deleted_account_get_none() {
        assert_eq!(attributes(&user("\u{b4}")), Ok(None));
        assert!(attributes(&Item::new()).is_err());
        let key = AttributeValue::S("deleted#01994f6a-9c00-7123-8456-0123456789ab".to_owned());
        let deleted = Item::from([("id".to_owned(), key)]);
        assert_eq!(attributes(&deleted), Ok(None));
    }
}
