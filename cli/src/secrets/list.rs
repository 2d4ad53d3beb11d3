use std::{collections::BTreeMap, io::Write};

use auth::keys::SigningKey;
use aws_sdk_ssm::{
    primitives::{DateTime, DateTimeFormat},
    types::Parameter,
};
use clap::Args;
use domain::Clock;
use time::OffsetDateTime;

use super::{
    Error, Store,
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
    let found = store.list("").await?;
    if found.is_empty() {
        let stage = args.target.env;
        let (path, env) = (stage.parameter_path(), stage.as_str());
        writeln!(
            out,
            "there are no parameters under {path}. Create the signing key with `cloakroom secrets init --env {env}`"
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
    found: &[Parameter],
    states: &BTreeMap<String, String>,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let widest = found
        .iter()
        .filter_map(Parameter::name)
        .map(str::len)
        .max()
        .unwrap_or_default();
    writeln!(
        out,
        "{:widest$}  {:12}  {:>7}  {:20}  STATE",
        "NAME", "TYPE", "VERSION", "MODIFIED"
    )?;
    for parameter in found {
        let name = parameter.name().unwrap_or_default();
        let line = format!(
            "{name:widest$}  {:12}  {:>7}  {:20}  {}",
            parameter.r#type().map_or("", |kind| kind.as_str()),
            parameter.version(),
            parameter
                .last_modified_date()
                .map(modified)
                .unwrap_or_default(),
            states.get(name).map_or("", String::as_str),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Formats a time as RFC 3339 in whole seconds.
fn modified(time: &DateTime) -> String {
    DateTime::from_secs(time.secs())
        .fmt(DateTimeFormat::DateTime)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::types::ParameterType;

    use super::*;

    #[test]
    fn a_list_does_not_show_values() {
        let parameter = Parameter::builder()
            .name("/cloakroom/dev/keys/public/abc")
            .value("hush")
            .r#type(ParameterType::SecureString)
            .version(3)
            .last_modified_date(DateTime::from_secs_and_nanos(1_772_366_400, 5))
            .build();
        let states = [(
            "/cloakroom/dev/keys/public/abc".to_owned(),
            "verifies".to_owned(),
        )];
        let states = BTreeMap::from(states);
        let mut shown = Vec::new();
        write_table(&[parameter], &states, &mut shown).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap(), @r"
        NAME                            TYPE          VERSION  MODIFIED              STATE
        /cloakroom/dev/keys/public/abc  SecureString        3  2026-03-01T12:00:00Z  verifies
        ");
    }
}
