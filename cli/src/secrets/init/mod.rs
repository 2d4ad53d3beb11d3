use std::{collections::BTreeSet, io::Write};

use auth::keys::{Algorithm, NewKey, public_half};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use domain::Clock;
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _, rand_core::OsRng};
use serde_json::json;
use time::OffsetDateTime;

use super::{Error, Store, entry::Entry, store::WriteOutcome};
use crate::aws::Target;

/// Arguments of `cloakroom secrets init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Signature algorithm of the key. With HS256, every verifier can also sign
    #[arg(long, visible_alias = "algorithm", default_value = "ES256", value_parser = algorithms())]
    alg: Algorithm,
    /// Size of an RS256 key in bits
    #[arg(long, value_name = "BITS", default_value = "3072", value_parser = rsa_sizes())]
    rsa_bits: usize,
    #[command(flatten)]
    target: Target,
}

pub(super) fn algorithms() -> impl clap::builder::TypedValueParser<Value = Algorithm> {
    PossibleValuesParser::new(["ES256", "EdDSA", "RS256", "HS256"])
        .try_map(|word| Algorithm::parse(&word).ok_or("unknown algorithm"))
}

pub(super) fn rsa_sizes() -> impl clap::builder::TypedValueParser<Value = usize> {
    PossibleValuesParser::new(["2048", "3072"]).try_map(|bits| bits.parse::<usize>())
}

/// What `init` has to do, given the keys that exist.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Private keys whose public key is missing: the functions reject all keys until it is restored.
    restore: Vec<String>,
    /// Public keys that an interrupted run may have left: their private keys do not exist.
    orphaned: Vec<String>,
    /// Whether a new key pair is needed.
    create: bool,
}

impl Plan {
    fn of(private: &BTreeSet<String>, public: &BTreeSet<String>) -> Self {
        let create = private.is_empty();
        // If a private key exists, other public keys may belong to retired keys, which still verify tokens.
        let orphaned = if create {
            public.iter().cloned().collect()
        } else {
            Vec::new()
        };
        Self {
            restore: private.difference(public).cloned().collect(),
            orphaned,
            create,
        }
    }
}

pub(super) async fn run(args: &InitArgs, clock: &Clock, out: &mut impl Write) -> Result<(), Error> {
    let store = Store::open(&args.target).await?;
    init(&store, args, clock, out).await
}

async fn init(
    store: &Store,
    args: &InitArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let found = store.list().await?;
    let private = key_ids(&found, "keys/private/");
    let plan = Plan::of(&private, &key_ids(&found, "keys/public/"));
    for kid in &plan.restore {
        restore(store, kid, out).await?;
    }
    if plan.create {
        create(store, &new_key(args.alg, args.rsa_bits, clock.now())?, out).await?;
    } else {
        for kid in &private {
            writeln!(
                out,
                "already exists: {}",
                store.name(&format!("keys/private/{kid}"))
            )?;
        }
    }
    for kid in &plan.orphaned {
        let name = store.name(&format!("keys/public/{kid}"));
        writeln!(
            out,
            "note: {name} has no private key; an interrupted run may have left it."
        )?;
        writeln!(
            out,
            "  If you do not use it, delete it: aws dynamodb delete-item --table-name {} --key '{}'",
            store.public_keys_table(),
            json!({"kid": {"S": kid}}),
        )?;
    }
    Ok(())
}

/// Lists the ids of the keys whose names have this prefix.
fn key_ids(found: &[Entry], prefix: &str) -> BTreeSet<String> {
    let kids = found
        .iter()
        .filter_map(|entry| entry.name.strip_prefix(prefix));
    kids.map(str::to_owned).collect()
}

async fn restore(store: &Store, kid: &str, out: &mut impl Write) -> Result<(), Error> {
    let private = store.read(&format!("keys/private/{kid}")).await?;
    let name = format!("keys/public/{kid}");
    store
        .write(&name, &public_half(kid, &private)?, false)
        .await?;
    Ok(writeln!(
        out,
        "restored from its private key: {}",
        store.name(&name)
    )?)
}

/// Writes the public key first: a run that stops between the two writes leaves a key that signs nothing, instead of a
/// key whose tokens cannot be verified. A name that already exists is the retry of a write whose response was lost: the
/// name is random and new.
async fn create(store: &Store, key: &NewKey, out: &mut impl Write) -> Result<(), Error> {
    let [public, private] = ["public", "private"].map(|half| format!("keys/{half}/{}", key.kid));
    let (WriteOutcome::Written(_) | WriteOutcome::AlreadyExists) =
        store.write(&public, &key.public, false).await?;
    writeln!(out, "created {}", store.name(&public))?;
    let written = store.write(&private, &key.private, false).await;
    let (WriteOutcome::Written(_) | WriteOutcome::AlreadyExists) =
        written.map_err(|error| Error::PrivateKeyNotWritten {
            name: store.name(&public),
            source: Box::new(error),
        })?;
    Ok(writeln!(
        out,
        "created {} ({})",
        store.name(&private),
        key.algorithm
    )?)
}

/// Generates a key that signs from `now`.
pub(super) fn new_key(
    algorithm: Algorithm,
    rsa_bits: usize,
    now: OffsetDateTime,
) -> Result<NewKey, Error> {
    if algorithm != Algorithm::RS256 {
        return Ok(NewKey::generate(algorithm, now)?);
    }
    let key = RsaPrivateKey::new(&mut OsRng, rsa_bits);
    let key = key.map_err(|error| Error::Rsa(error.to_string()))?;
    let der = key
        .to_pkcs8_der()
        .map_err(|error| Error::Rsa(error.to_string()))?;
    Ok(NewKey::from_pkcs8_rsa(der.as_bytes(), now)?)
}

#[cfg(test)]
mod tests;
