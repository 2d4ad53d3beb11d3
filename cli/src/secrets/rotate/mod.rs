use std::io::Write;

use auth::keys::{Algorithm, NewKey, SigningKey};
use clap::Args;
use domain::Clock;
use time::{Duration, OffsetDateTime};

use super::{
    Error, Store,
    init::{algorithms, new_key, rsa_sizes},
    keyring::{Keys, NEXT, format_time},
    retire::{delete_retired_keys, set_key_ends},
    store::WriteOutcome,
};
use crate::aws::Target;

/// The maximum of `ParameterCacheSeconds` in template.yaml.
const MAX_CACHE_SECONDS: u32 = 3600;

/// Arguments of `cloakroom secrets rotate-signing-key`.
#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// Signature algorithm of the new key [default: the current key's algorithm]
    #[arg(long, visible_alias = "alg", value_parser = algorithms())]
    algorithm: Option<Algorithm>,
    /// Size of an RS256 key in bits
    #[arg(long, value_name = "BITS", default_value = "3072", value_parser = rsa_sizes())]
    rsa_bits: usize,
    #[arg(
        long, value_name = "SECONDS", default_value_t = MAX_CACHE_SECONDS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CACHE_SECONDS)),
        help = "The deployment's ParameterCacheSeconds; the default is the maximum, which is always safe"
    )]
    cache_seconds: u32,
    /// Seconds between publishing the new key and signing with it [default: the safe minimum]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(..=2_592_000))]
    delay: Option<u32>,
    #[command(flatten)]
    target: Target,
}

pub(super) const ABOUT: &str = "\
Replace the signing key for access tokens without a deployment; all users stay signed in

The new key is published immediately and signs after a delay, when all functions and clients that verify tokens have \
read it. The old key verifies until the last token signed with it has expired. Functions pick up the keys when they \
refresh their secrets (every ParameterCacheSeconds).

If the command is interrupted, run it again to finish the rotation. Another rotation cannot start while a new key is \
waiting to sign.

Do not use this command after a key was stolen: the old key would verify for another hour or two. Instead, delete all \
parameters under keys/ and all items of the table of public keys, and run `cloakroom secrets init`. Once the functions have read the new key, they reject all \
earlier access tokens; clients get new ones with their refresh tokens.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom secrets rotate-signing-key --env prod
  cloakroom secrets rotate-signing-key --env prod --cache-seconds 300     (the template's default: signs after 11 minutes)
  cloakroom secrets rotate-signing-key --env qa --algorithm EdDSA
  cloakroom secrets list --env prod                                       (shows the state of each key)
  cloakroom secrets rotate-signing-key --env dev --local --cache-seconds 300";

pub(super) async fn run(
    args: &RotateArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let delay = Delay::from_args(args)?;
    let store = Store::open(&args.target).await?;
    rotate(&store, args, &delay, clock, out).await
}

/// How long a key is published before it signs. All fields are in seconds.
#[derive(Debug, PartialEq, Eq)]
struct Delay {
    /// How long a function caches the keys that it has read.
    cache: u32,
    /// How long clients cache the JWKS of such a function.
    max_age: u32,
    total: u32,
}

impl Delay {
    fn from_args(args: &RotateArgs) -> Result<Self, Error> {
        let cache = args.cache_seconds;
        let max_age = keys::max_age(cache);
        // A failed read is retried within seconds; the margin tolerates an unavailable Parameter Store for as long as
        // keys are cached, up to a minute.
        let margin = cache.clamp(5, 60);
        let minimum = cache + max_age + margin;
        match args.delay {
            Some(requested) if requested < minimum => Err(Error::DelayTooShort {
                requested,
                minimum,
                cache,
                max_age,
                margin,
            }),
            requested => Ok(Self {
                cache,
                max_age,
                total: requested.unwrap_or(minimum),
            }),
        }
    }
}

/// Rotates the key. The order keeps every intermediate state valid: write the journal, the public key, the private key
/// and the end of the previous key, then delete the journal.
async fn rotate(
    store: &Store,
    args: &RotateArgs,
    delay: &Delay,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let keys = Keys::read(store).await?;
    // Completes what an interrupted run left undone; usually nothing.
    set_key_ends(store, &keys, out).await?;
    delete_retired_keys(store, &keys, clock.now(), out).await?;
    let next = begin(store, args, clock, out).await?;
    let result = activate(store, &next, delay, clock, out).await;
    result.map_err(|error| match error {
        Error::RotationInProgress { .. } => error,
        error => Error::RotationUnfinished {
            source: Box::new(error),
        },
    })
}

/// Returns the new key: that of an interrupted run, or a newly generated one. Concurrent runs get the same key, because
/// its parameter is never overwritten.
async fn begin(
    store: &Store,
    args: &RotateArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<NewKey, Error> {
    let mut generated: Option<NewKey> = None;
    loop {
        let keys = Keys::read(store).await?;
        if let Some(journal) = keys.value(NEXT) {
            let next = NewKey::from_private(journal).map_err(Error::UnusableKeys)?;
            // A retry of this run's own write, whose response was lost, is not an interrupted rotation.
            if generated.is_none_or(|generated| generated.kid != next.kid) {
                let (kid, algorithm) = (&next.kid, next.algorithm);
                writeln!(
                    out,
                    "continuing a rotation that was not finished, to key {kid} ({algorithm})"
                )?;
            }
            return Ok(next);
        }
        refuse_if_waiting(store, &keys, None, clock.now())?;
        let signing = keys.signing.iter().next_back().map(SigningKey::algorithm);
        let algorithm = args.algorithm.or(signing).unwrap_or(Algorithm::ES256);
        let next = new_key(algorithm, args.rsa_bits, clock.now())?;
        match store.write(NEXT, &next.private, false).await? {
            WriteOutcome::Written(_) => return Ok(next),
            // Another rotation started at the same time: read the keys again.
            WriteOutcome::AlreadyExists => generated = Some(next),
        }
    }
}

/// Publishes the new key, stores its private key with the time from which it signs, and sets the end of the previous
/// key.
async fn activate(
    store: &Store,
    next: &NewKey,
    delay: &Delay,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let keys = Keys::read(store).await?;
    // Another rotation may have finished between the first read and the lock.
    let refused = refuse_if_waiting(store, &keys, Some(&next.kid), clock.now());
    if refused.is_err() {
        store.delete(NEXT).await?;
        return refused;
    }
    let [public, private] = ["public", "private"].map(|half| format!("keys/{half}/{}", next.kid));
    store.write(&public, &next.public, false).await?;
    writeln!(
        out,
        "published {} ({})",
        store.name(&public),
        next.algorithm
    )?;

    // Uses the server's clock in case the local clock is slow: verifiers must have the full delay.
    let from = store.time_of_publication() + Duration::seconds(i64::from(delay.total));
    let value = next.signing_from(from).map_err(Error::UnusableKeys)?;
    store.write(&private, &value, false).await?;

    // Reads the stored time: an earlier run may have set a different one.
    let keys = Keys::read(store).await?;
    let written = keys.signing.iter().find(|key| key.kid() == next.kid);
    let from = written.map_or(from, SigningKey::signs_from);
    let name = store.name(&private);
    writeln!(out, "stored    {name}: it signs from {}", format_time(from))?;
    set_key_ends(store, &keys, out).await?;
    store.delete(NEXT).await?;
    print_schedule(&keys, next, from, delay, clock.now(), out)
}

/// Refuses a rotation while a key other than `except` is waiting to sign.
fn refuse_if_waiting(
    store: &Store,
    keys: &Keys,
    except: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    match keys.waiting(now) {
        Some(key) if Some(key.kid()) != except => Err(Error::RotationInProgress {
            name: store.name(&format!("keys/private/{}", key.kid())),
            from: format_time(key.signs_from()),
        }),
        _ => Ok(()),
    }
}

/// Prints when the new key signs and when the old key ends.
fn print_schedule(
    keys: &Keys,
    next: &NewKey,
    from: OffsetDateTime,
    delay: &Delay,
    now: OffsetDateTime,
    out: &mut impl Write,
) -> Result<(), Error> {
    writeln!(out, "\nNo further action or deployment is needed:")?;
    if from > now {
        let known = Duration::seconds(i64::from(delay.cache + delay.max_age));
        let known = format_time((now + known).min(from));
        writeln!(out, "  by   {known}  all verifiers have the new key")?;
    }
    writeln!(out, "  from {}  the new key signs", format_time(from))?;
    let before = keys.replaced().find(|(_, successor)| *successor == from);
    let until = before.map(|(_, successor)| successor + super::keyring::VERIFIES_AFTER_REPLACEMENT);
    if let Some(until) = until {
        writeln!(
            out,
            "  from {}  the old key no longer verifies; delete it with `retire-keys`",
            format_time(until)
        )?;
    }
    if next.algorithm == Algorithm::HS256 {
        writeln!(
            out,
            "HS256 keys are not in the JWKS. Only the functions can verify their tokens."
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
