//! The record of an account's deletion, from which the event `user.deleted` is derived. An item that disappears in another way, by an
//! operator's mistake or by a restore, is no deletion.

use domain::{AddressId, DeletedUser, User, UserId};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    read_grants::verified_address_id,
    row::{Row, at, item, n, s},
    write::Item,
};

/// How long a record is kept: as long as its event can be among the dead letters of a service, so that a replay finds it.
const LIFETIME: Duration = Duration::days(14);

/// The beginning of the keys of these records.
const PREFIX: &str = "deleted#";

/// What an account that was read leaves when it is deleted.
pub(super) fn of(user: &User, now: OffsetDateTime) -> DeletedUser {
    DeletedUser {
        id: user.id,
        address: verified_address_id(user),
        version: user.version + 1,
        deleted_at: now,
    }
}

pub(super) fn write(deleted: &DeletedUser) -> Item {
    let mut item = item([
        ("id", s(format!("{PREFIX}{}", deleted.id))),
        ("version", n(deleted.version)),
        ("deleted_at", at(deleted.deleted_at)),
        (
            "expires_at",
            n((deleted.deleted_at + LIFETIME).unix_timestamp()),
        ),
    ]);
    let address = deleted.address.map(|id| s(id.to_string()));
    item.extend(address.map(|id| ("address".to_owned(), id)));
    item
}

/// Whether a key is that of such a record, and not of a user.
#[must_use]
pub fn is_deletion_key(id: &str) -> bool {
    id.starts_with(PREFIX)
}

pub(crate) fn read(mut row: Row) -> Result<DeletedUser, StoreError> {
    let parse_key = |key: &str| {
        let id = key
            .strip_prefix(PREFIX)
            .and_then(|id| UserId::parse(id).ok());
        id.ok_or(StoreError::Corrupt("id"))
    };
    let address = match row.optional_text("address") {
        Some(id) => Some(AddressId::parse(&id).map_err(|_| StoreError::Corrupt("address"))?),
        None => None,
    };
    Ok(DeletedUser {
        id: row.parsed("id", parse_key)?,
        address,
        version: row.number("version")?,
        deleted_at: row.time("deleted_at")?,
    })
}
