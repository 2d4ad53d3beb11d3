use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Age, Email, Name, Profile, Status, User, UserId};

use crate::{
    StoreError,
    row::{Row, at, item, n, role_words, s},
    users::search::name_attributes,
    write::Item,
};

/// The partition keys that the index of the listing is spread over: one takes 1,000 writes a second, so all take 4,000
/// sign-ups. A page queries each of them, so its cost grows with this number and with nothing else.
pub(super) const SHARDS: u8 = 4;

/// The partition key of a user in the index: by the random end of the id, so all get equally many.
fn shard(id: UserId) -> String {
    (id.as_bytes()[15] % SHARDS).to_string()
}

/// The item of a new user.
pub(crate) fn write(user: &User, session_epoch: u64) -> Item {
    let mut item = item([
        ("id", s(user.id.to_string())),
        ("shard", s(shard(user.id))),
        ("email", s(user.email.display())),
        ("email_canonical", s(user.email.canonical())),
        ("name", s(user.name.as_str())),
        ("profile", AttributeValue::M(write_profile(&user.profile))),
        ("version", n(user.version)),
        ("session_epoch", n(session_epoch)),
        ("created_at", at(user.created_at)),
        ("updated_at", at(user.updated_at)),
    ]);
    let searched = name_attributes(&user.name, user.id);
    item.extend(
        searched
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.to_owned(), s(value))),
    );
    item.extend(role_words(&user.roles).map(|words| ("roles".to_owned(), words)));
    item.extend(
        user.verified_at
            .map(|time| ("verified_at".to_owned(), at(time))),
    );
    if user.status != Status::Active {
        item.insert("status".to_owned(), s(user.status.as_str()));
    }
    item
}

pub(crate) fn write_profile(profile: &Profile) -> Item {
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

pub(crate) fn read(mut row: Row) -> Result<User, StoreError> {
    let profile = read_profile(row.map("profile")?);
    Ok(User {
        id: row.parsed("id", UserId::parse)?,
        email: Email::stored(row.text("email")?, row.text("email_canonical")?),
        name: Name::stored(row.text("name")?),
        profile,
        roles: row.roles("roles"),
        // A copy of the credential's status, for functions that may not read credentials. A new user has none.
        status: row
            .optional_text("status")
            .map_or(Some(Status::Active), |word| Status::parse(&word))
            .ok_or(StoreError::Corrupt("status"))?,
        // A copy of the credential's time, for the events of the user.
        verified_at: row.optional_time("verified_at")?,
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
