use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Name, Patch, UserId};
use time::OffsetDateTime;

use super::{
    UserChanges,
    search::{HEAD, KEY, name_attributes},
};
use crate::{
    row::{at, n, s},
    write::Write,
};

/// Completes an update of a user: it touches only the members that change, so that concurrent changes of different members
/// both survive (RFC 7396 merges, it does not replace).
pub(super) fn change(
    user: Write,
    id: UserId,
    changes: &UserChanges,
    versions: Option<&[u64]>,
    now: OffsetDateTime,
) -> Write {
    let text = |name: &Name| s(name.as_str());
    let profile = &changes.profile;
    let update = user
        .set("updated_at = :updated_at, #version = #version + :one")
        .only_if("attribute_exists(id)")
        .bind([(":updated_at", at(now)), (":one", n(1))]);
    let update = member(update, "#name", ":name", &changes.name, text);
    let update = search(update, id, &changes.name);
    let update = member(
        update,
        "profile.first_name",
        ":first_name",
        &profile.first_name,
        text,
    );
    let update = member(
        update,
        "profile.last_name",
        ":last_name",
        &profile.last_name,
        text,
    );
    let update = member(update, "profile.city", ":city", &profile.city, text);
    let age = |age: &domain::Age| n(age.years());
    let update = member(update, "profile.age", ":age", &profile.age, age);
    match versions {
        Some(versions) => only_versions(update, versions),
        None => update,
    }
}

/// The attributes of the search by name, which follow the name.
fn search(update: Write, id: UserId, name: &Patch<Name>) -> Write {
    let Patch::Set(name) = name else {
        return update;
    };
    match name_attributes(name, id) {
        Some([(_, head), (_, key)]) => update
            .set(format!("{HEAD} = :name_head, {KEY} = :name_key"))
            .bind([(":name_head", s(head)), (":name_key", s(key))]),
        None => update.remove(format!("{HEAD}, {KEY}")),
    }
}

fn member<T>(
    update: Write,
    path: &str,
    placeholder: &str,
    change: &Patch<T>,
    write: impl FnOnce(&T) -> AttributeValue,
) -> Write {
    match change {
        Patch::Keep => update,
        Patch::Remove => update.remove(path),
        Patch::Set(value) => update
            .set(format!("{path} = {placeholder}"))
            .bind([(placeholder, write(value))]),
    }
}

fn only_versions(update: Write, versions: &[u64]) -> Write {
    let placeholders: Vec<_> = (0..versions.len())
        .map(|i| format!(":version{i}"))
        .collect();
    update
        .only_if(format!("#version IN ({})", placeholders.join(", ")))
        .bind(placeholders.into_iter().zip(versions.iter().map(n)))
}
