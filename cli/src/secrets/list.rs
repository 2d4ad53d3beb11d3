use std::{collections::BTreeMap, io::Write};

use auth::keys::SigningKey;
use clap::Args;
use domain::Clock;
use time::OffsetDateTime;

use super::{
    Error, Store,
    entry::Entry,
    keyring::{Keys, NEXT, format_time},
};
use crate::aws::Target;

/// Arguments of `cloakroom secrets list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: &ListArgs, clock: &Clock, out: &mut impl Write) -> Result<(), Error> {
    let store = Store::open(&args.target).await?;
    let found = store.list().await?;
    if found.is_empty() {
        let (path, env) = (store.path(), args.target.env.as_str());
        writeln!(
            out,
            "there are no secrets under {path}. Create the signing key with `cloakroom secrets init --env {env}`"
        )?;
        return Ok(());
    }
    let keys = Keys::read(&store).await;
    let states = match &keys {
        Ok(keys) => states(&store, keys, clock.now()),
        Err(_) => BTreeMap::new(),
    };
    write_table(&found, &states, out)?;
    match keys {
        Ok(_) => Ok(()),
        Err(error @ Error::UnusableKeys(_)) => Ok(writeln!(out, "note: {error}")?),
        Err(error) => Err(error),
    }
}

/// Describes the state of each key, by the full name of its parameter.
fn states(store: &Store, keys: &Keys, now: OffsetDateTime) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for (kid, key) in keys.published.iter() {
        let state = match key.until() {
            None => "verifies".to_owned(),
            Some(until) if until > now => format!("verifies until {}", format_time(until)),
            Some(until) => format!("verified until {}", format_time(until)),
        };
        states.insert(store.name(&format!("keys/public/{kid}")), state);
    }
    let current = keys.signing.current(now).map(SigningKey::kid).ok();
    for key in keys.signing.iter() {
        let (kid, from) = (key.kid(), key.signs_from());
        let state = if Some(kid) == current {
            "signs".to_owned()
        } else if from > now {
            format!("signs from {}", format_time(from))
        } else {
            let ended = keys.replaced().find(|(key, _)| key.kid() == kid);
            let ended = ended.map(|(_, at)| format_time(at)).unwrap_or_default();
            format!("signed until {ended}")
        };
        states.insert(store.name(&format!("keys/private/{kid}")), state);
    }
    if keys.value(NEXT).is_some() {
        let state = "unfinished rotation: run rotate-signing-key again".to_owned();
        states.insert(store.name(NEXT), state);
    }
    states
}

fn write_table(
    found: &[Entry],
    states: &BTreeMap<String, String>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let names = found.iter().map(|entry| entry.full_name.len());
    let widest = names.max().unwrap_or_default();
    writeln!(
        out,
        "{:widest$}  {:12}  {:>7}  {:20}  STATE",
        "NAME", "TYPE", "VERSION", "MODIFIED"
    )?;
    for entry in found {
        let line = format!(
            "{:widest$}  {:12}  {:>7}  {:20}  {}",
            entry.full_name,
            entry.kind,
            entry.version,
            entry.modified.map(format_time).unwrap_or_default(),
            states.get(&entry.full_name).map_or("", String::as_str),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_list_does_not_show_values() {
        let entry = Entry {
            name: "keys/private/abc".into(),
            full_name: "/cloakroom/cloakroom-dev/keys/private/abc".into(),
            kind: "SecureString",
            version: 3,
            modified: Some(datetime!(2026-03-01 12:00:00.5 UTC)),
            value: Some("hush".into()),
        };
        let states = [(entry.full_name.clone(), "signs".to_owned())];
        let mut shown = Vec::new();
        write_table(&[entry], &BTreeMap::from(states), &mut shown).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap(), @r"
        NAME                                       TYPE          VERSION  MODIFIED              STATE
        /cloakroom/cloakroom-dev/keys/private/abc  SecureString        3  2026-03-01T12:00:00Z  signs
        ");
    }
}
