use std::io::Write;

use auth::keys::{VerifyingKey, verifying_until};
use clap::Args;
use domain::Clock;
use time::OffsetDateTime;

use super::{
    Error, Store,
    keyring::{AFTERWARDS, CLOCKS, Keys, NEXT, seconds},
};
use crate::aws::Target;

/// `cloakroom secrets retire-keys`.
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
    settle(&store, &keys, out).await?;
    if retire(&store, &keys, now, out).await? == 0 {
        writeln!(out, "nothing to remove")?;
    }
    for (kid, until) in verifying(&keys, now) {
        let name = store.name(&format!("keys/public/{kid}"));
        writeln!(
            out,
            "kept      {name}, which verifies until {}",
            seconds(until)
        )?;
    }
    if keys.value(NEXT).is_some() {
        writeln!(
            out,
            "note: a rotation was not finished; `cloakroom secrets rotate-signing-key` goes on with it"
        )?;
    }
    Ok(())
}

/// The keys that only verify, and until when.
fn verifying(keys: &Keys, now: OffsetDateTime) -> Vec<(String, OffsetDateTime)> {
    let ending = keys.published.iter().filter_map(|(kid, key)| {
        let until = key.until().filter(|until| *until > now)?;
        Some((kid.to_owned(), until))
    });
    ending.collect()
}

/// Sees to it that every key with a successor has an end: late enough for the last token that it signs. What has a
/// later end keeps it.
pub(super) async fn settle(store: &Store, keys: &Keys, out: &mut impl Write) -> Result<(), Error> {
    for (key, successor) in keys.replaced() {
        let needed = successor + AFTERWARDS;
        let has = keys.published.get(key.kid()).and_then(VerifyingKey::until);
        let name = format!("keys/public/{}", key.kid());
        let Some(value) = keys
            .value(&name)
            .filter(|_| has.is_none_or(|has| has < needed))
        else {
            continue;
        };
        let value = verifying_until(key.kid(), value, needed)?;
        store.write(&name, &value, true).await?;
        let name = store.name(&name);
        writeln!(
            out,
            "ends      {name}, which verifies until {}",
            seconds(needed)
        )?;
    }
    Ok(())
}

/// Removes what nobody needs any more, and says how many halves that were.
///
/// A public half goes in a later run than its private one: a function that reads in between would find a private key
/// without its public half, and refuse them all.
pub(super) async fn retire(
    store: &Store,
    keys: &Keys,
    now: OffsetDateTime,
    out: &mut impl Write,
) -> Result<usize, Error> {
    let mut removed = 0;
    let private = keys
        .replaced()
        .filter(|(_, successor)| now >= *successor + CLOCKS);
    for (key, _) in private {
        let name = format!("keys/private/{}", key.kid());
        store.remove(&name).await?;
        removed += 1;
        let name = store.name(&name);
        writeln!(out, "removed   {name}: a newer key signs")?;
    }
    let signs = |kid: &str| keys.signing.iter().any(|key| key.kid() == kid);
    let public = keys.published.iter().filter(|(kid, key)| {
        let over = key.until().is_some_and(|until| now >= until + CLOCKS);
        over && !signs(kid)
    });
    for (kid, _) in public {
        let name = format!("keys/public/{kid}");
        store.remove(&name).await?;
        removed += 1;
        let name = store.name(&name);
        writeln!(
            out,
            "removed   {name}: the last token signed with it has expired"
        )?;
    }
    Ok(removed)
}
