use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Age, Email, Name, Profile, Role, Status, User, UserId};

use crate::{
    StoreError,
    row::{Row, at, n, s, words},
    users::listing::shard,
};

/// The item of a user that is new.
pub(super) fn write(user: &User, session_epoch: u64) -> HashMap<String, AttributeValue> {
    let mut item = HashMap::from([
        ("id".to_owned(), s(user.id.to_string())),
        ("shard".to_owned(), s(shard(user.id))),
        ("email".to_owned(), s(user.email.display())),
        ("email_canonical".to_owned(), s(user.email.canonical())),
        ("name".to_owned(), s(user.name.as_str())),
        (
            "profile".to_owned(),
            AttributeValue::M(profile(&user.profile)),
        ),
        ("version".to_owned(), n(user.version)),
        ("session_epoch".to_owned(), n(session_epoch)),
        ("created_at".to_owned(), at(user.created_at)),
        ("updated_at".to_owned(), at(user.updated_at)),
    ]);
    item.extend(words("roles", user.roles.iter().map(|role| role.as_str())));
    if user.status != Status::Active {
        item.insert("status".to_owned(), s(user.status.as_str()));
    }
    item
}

pub(crate) fn profile(profile: &Profile) -> HashMap<String, AttributeValue> {
    let text = |name: &Option<Name>| name.as_ref().map(|name| s(name.as_str()));
    [
        ("first_name", text(&profile.first_name)),
        ("last_name", text(&profile.last_name)),
        ("city", text(&profile.city)),
        ("age", profile.age.map(|age| n(age.years()))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

pub(super) fn read(mut row: Row) -> Result<User, StoreError> {
    let profile = read_profile(row.map("profile")?);
    Ok(User {
        id: row.parsed("id", UserId::parse)?,
        email: Email::stored(row.text("email")?, row.text("email_canonical")?),
        name: Name::stored(row.text("name")?),
        profile,
        roles: row
            .words("roles")
            .iter()
            .filter_map(|word| Role::parse(word))
            .collect(),
        // A copy of the credential's, which only those who verify passwords may read; there is none at first.
        status: row
            .optional_text("status")
            .map_or(Some(Status::Active), |word| Status::parse(&word))
            .ok_or(StoreError::Corrupt("status"))?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(crate) fn read_profile(mut row: Row) -> Profile {
    Profile {
        first_name: row.optional_text("first_name").map(Name::stored),
        last_name: row.optional_text("last_name").map(Name::stored),
        city: row.optional_text("city").map(Name::stored),
        age: row
            .optional_number("age")
            .and_then(|years| Age::parse(years).ok()),
    }
}
