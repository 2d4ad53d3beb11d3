use std::io::Write;

use auth::keys::{VerifyingKey, verifying_until};
use clap::Args;
use domain::Clock;
use time::OffsetDateTime;

use super::{
    Error, Store,
    keyring::{Keys, MAX_CLOCK_SKEW, NEXT, VERIFIES_AFTER_REPLACEMENT, format_time},
};
use crate::aws::Target;

/// Arguments of `cloakroom secrets retire-keys`.
#[derive(Debug, Args)]
pub(super) struct RetireArgs {
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(
    args: &RetireArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let store = Store::open(&args.target).await?;
    let keys = Keys::read(&store).await?;
    let now = clock.now();
    set_key_ends(&store, &keys, out).await?;
    if delete_retired_keys(&store, &keys, now, out).await? == 0 {
        writeln!(out, "no keys to delete")?;
    }
    for (kid, until) in verify_only_keys(&keys, now) {
        let name = store.name(&format!("keys/public/{kid}"));
        writeln!(
            out,
            "kept      {name}: it verifies until {}",
            format_time(until)
        )?;
    }
    if keys.value(NEXT).is_some() {
        writeln!(
            out,
            "note: a rotation was not finished; run `cloakroom secrets rotate-signing-key` to continue it"
        )?;
    }
    Ok(())
}

/// Lists the keys that no longer sign but still verify, each with its end.
fn verify_only_keys(keys: &Keys, now: OffsetDateTime) -> Vec<(String, OffsetDateTime)> {
    let ending = keys.published.iter().filter_map(|(kid, key)| {
        let until = key.until().filter(|until| *until > now)?;
        Some((kid.to_owned(), until))
    });
    ending.collect()
}

/// Sets the end of every key that has a successor, late enough for the last token that it signs. A later end is kept.
pub(super) async fn set_key_ends(
    store: &Store,
    keys: &Keys,
    out: &mut impl Write,
) -> Result<(), Error> {
    for (key, successor) in keys.replaced() {
        let required_end = successor + VERIFIES_AFTER_REPLACEMENT;
        let has = keys.published.get(key.kid()).and_then(VerifyingKey::until);
        let name = format!("keys/public/{}", key.kid());
        let Some(value) = keys
            .value(&name)
            .filter(|_| has.is_none_or(|has| has < required_end))
        else {
            continue;
        };
        let value = verifying_until(key.kid(), value, required_end)?;
        store.write(&name, &value, true).await?;
        let name = store.name(&name);
        writeln!(
            out,
            "updated   {name}: it verifies until {}",
            format_time(required_end)
        )?;
    }
    Ok(())
}

/// Deletes the keys that are no longer needed and returns how many it deleted.
///
/// A public key is deleted in a later run than its private key: a function that reads the parameters in between would
/// find a private key without its public key, and reject all keys.
pub(super) async fn delete_retired_keys(
    store: &Store,
    keys: &Keys,
    now: OffsetDateTime,
    out: &mut impl Write,
) -> Result<usize, Error> {
    let mut deleted = 0;
    let private = keys
        .replaced()
        .filter(|(_, successor)| now >= *successor + MAX_CLOCK_SKEW);
    for (key, _) in private {
        let name = format!("keys/private/{}", key.kid());
        store.delete(&name).await?;
        deleted += 1;
        let name = store.name(&name);
        writeln!(out, "deleted   {name}: a newer key signs")?;
    }
    let signs = |kid: &str| keys.signing.iter().any(|key| key.kid() == kid);
    let public = keys.published.iter().filter(|(kid, key)| {
        let over = key
            .until()
            .is_some_and(|until| now >= until + MAX_CLOCK_SKEW);
        over && !signs(kid)
    });
    for (kid, _) in public {
        let name = format!("keys/public/{kid}");
        store.delete(&name).await?;
        deleted += 1;
        let name = store.name(&name);
        writeln!(
            out,
            "deleted   {name}: the last token signed with it has expired"
        )?;
    }
    Ok(deleted)
}
