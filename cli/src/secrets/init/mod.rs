use std::{collections::BTreeSet, io::Write};

use auth::keys::{Algorithm, NewKey, public_half};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use domain::Clock;
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _, rand_core::OsRng};
use time::OffsetDateTime;

use super::{Error, Store, store::Written};
use crate::aws::Target;

/// `cloakroom secrets init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// What the key signs with. With HS256 whoever verifies can also sign
    #[arg(long, visible_alias = "algorithm", default_value = "ES256", value_parser = algorithms())]
    alg: Algorithm,
    /// The size of an RS256 key
    #[arg(long, value_name = "BITS", default_value = "3072", value_parser = rsa_sizes())]
    rsa_bits: usize,
    #[command(flatten)]
    target: Target,
}

pub(super) fn algorithms() -> impl clap::builder::TypedValueParser<Value = Algorithm> {
    PossibleValuesParser::new(["ES256", "EdDSA", "RS256", "HS256"])
        .try_map(|word| Algorithm::parse(&word).ok_or("no such algorithm"))
}

pub(super) fn rsa_sizes() -> impl clap::builder::TypedValueParser<Value = usize> {
    PossibleValuesParser::new(["2048", "3072"]).try_map(|bits| bits.parse::<usize>())
}

/// What is to do, given which halves are there.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// Private keys whose public half is missing: the functions refuse all keys until it is there again.
    restore: Vec<String>,
    /// Public keys that an interrupted run left: nothing will ever sign with them.
    abandoned: Vec<String>,
    /// Whether a new pair is needed.
    create: bool,
}

impl Plan {
    fn of(private: &BTreeSet<String>, public: &BTreeSet<String>) -> Self {
        let create = private.is_empty();
        // Beside a private key, a lone public one is no accident: a retired key verifies for a while.
        let abandoned = if create {
            public.iter().cloned().collect()
        } else {
            Vec::new()
        };
        Self {
            restore: private.difference(public).cloned().collect(),
            abandoned,
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
    let private = kids(store, "keys/private").await?;
    let plan = Plan::of(&private, &kids(store, "keys/public").await?);
    for kid in &plan.restore {
        restore(store, kid, out).await?;
    }
    if plan.create {
        create(store, &new_key(args.alg, args.rsa_bits, clock.now())?, out).await?;
    } else {
        for kid in &private {
            writeln!(
                out,
                "already there: {}",
                store.name(&format!("keys/private/{kid}"))
            )?;
        }
    }
    for kid in &plan.abandoned {
        let name = store.name(&format!("keys/public/{kid}"));
        writeln!(
            out,
            "note: {name} has no private half; an interrupted run may have left it."
        )?;
        writeln!(
            out,
            "  If it is not yours: aws ssm delete-parameter --name {name}"
        )?;
    }
    Ok(())
}

async fn kids(store: &Store, half: &str) -> Result<BTreeSet<String>, Error> {
    let prefix = store.name(half) + "/";
    let found = store.list(half).await?;
    let kids = found
        .iter()
        .filter_map(|parameter| parameter.name()?.strip_prefix(&prefix));
    Ok(kids.map(str::to_owned).collect())
}

async fn restore(store: &Store, kid: &str, out: &mut impl Write) -> Result<(), Error> {
    let private = store.read(&format!("keys/private/{kid}")).await?;
    let name = format!("keys/public/{kid}");
    store
        .write(&name, &public_half(kid, &private)?, false)
        .await?;
    Ok(writeln!(
        out,
        "made again from its private half: {}",
        store.name(&name)
    )?)
}

/// The public half first: a run that ends between the two leaves a key that signs nothing, not one that nobody can
/// verify. A name that is already there is our own write, whose answer was lost: it was made a moment ago, at random.
async fn create(store: &Store, key: &NewKey, out: &mut impl Write) -> Result<(), Error> {
    let [public, private] = ["public", "private"].map(|half| format!("keys/{half}/{}", key.kid));
    let (Written::Version(_) | Written::AlreadyThere) =
        store.write(&public, &key.public, false).await?;
    writeln!(out, "created {}", store.name(&public))?;
    let written = store.write(&private, &key.private, false).await;
    let (Written::Version(_) | Written::AlreadyThere) =
        written.map_err(|error| Error::HalfMade {
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

/// A key that signs from `now` on.
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
