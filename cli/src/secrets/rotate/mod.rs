use std::io::Write;

use auth::keys::{Algorithm, NewKey, SigningKey};
use clap::Args;
use domain::Clock;
use time::{Duration, OffsetDateTime};

use super::{
    Error, Store,
    init::{algorithms, new_key, rsa_sizes},
    keyring::{Keys, NEXT, seconds},
    retire::{retire, settle},
    store::Written,
};
use crate::aws::Target;

/// The most that template.yaml takes for `ParameterCacheSeconds`.
const LONGEST_CACHE: u32 = 3600;

/// `cloakroom secrets rotate-signing-key`.
#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// What the new key signs with [default: what the key that signs now does]
    #[arg(long, visible_alias = "alg", value_parser = algorithms())]
    algorithm: Option<Algorithm>,
    /// The size of an RS256 key
    #[arg(long, value_name = "BITS", default_value = "3072", value_parser = rsa_sizes())]
    rsa_bits: usize,
    #[arg(
        long, value_name = "SECONDS", default_value_t = LONGEST_CACHE,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_CACHE)),
        help = "ParameterCacheSeconds of the deployment; the default is safe with all that template.yaml takes"
    )]
    cache_seconds: u32,
    /// How long the new key is only published before it signs [default: the least that is safe]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(..=2_592_000))]
    delay: Option<u32>,
    #[command(flatten)]
    target: Target,
}

pub(super) const ABOUT: &str = "\
Replace the key that signs access tokens, without a deployment and without signing anybody out

The new key is published at once and signs after a delay, when everybody who verifies tokens has read it. The old key \
verifies until the last token signed with it has expired. Functions notice by themselves, as often as they read their \
secrets (ParameterCacheSeconds).

What is interrupted is finished by running the command again. While a new key is waiting, no other rotation begins.

It does not help against a key that was stolen, which verifies for another hour or two. Then delete all parameters \
under keys/ and run `cloakroom secrets init`: as soon as functions have read that, all access tokens of before are \
refused, and refresh tokens get new ones.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom secrets rotate-signing-key --env prod
  cloakroom secrets rotate-signing-key --env prod --cache-seconds 300     (the template's default: signs after 11 minutes)
  cloakroom secrets rotate-signing-key --env qa --algorithm EdDSA
  cloakroom secrets list --env prod                                       (what each key is doing)
  cloakroom secrets rotate-signing-key --env dev --local --cache-seconds 300";

pub(super) async fn run(
    args: &RotateArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let delay = Delay::of(args)?;
    let store = Store::open(&args.target).await?;
    rotate(&store, args, &delay, clock, out).await
}

/// How long a key is published before it signs, in seconds.
#[derive(Debug, PartialEq, Eq)]
struct Delay {
    /// A function that read just before may work with that for so long.
    cache: u32,
    /// Whoever fetched the JWKS from such a function keeps it for so long.
    max_age: u32,
    total: u32,
}

impl Delay {
    fn of(args: &RotateArgs) -> Result<Self, Error> {
        let cache = args.cache_seconds;
        let max_age = keys::max_age(cache);
        // A read that fails is tried again within seconds; Parameter Store may be away for as long as the keys are kept,
        // up to a minute.
        let margin = cache.clamp(5, 60);
        let least = cache + max_age + margin;
        match args.delay {
            Some(asked) if asked < least => Err(Error::ShortDelay {
                asked,
                least,
                cache,
                max_age,
                margin,
            }),
            asked => Ok(Self {
                cache,
                max_age,
                total: asked.unwrap_or(least),
            }),
        }
    }
}

/// In the order that makes every state in between a good one: the journal, the public half, the private half, the end
/// of the key before, and the journal gone.
async fn rotate(
    store: &Store,
    args: &RotateArgs,
    delay: &Delay,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let keys = Keys::read(store).await?;
    // What an interrupted run left out; nothing, usually.
    settle(store, &keys, out).await?;
    retire(store, &keys, clock.now(), out).await?;
    let next = begin(store, args, clock, out).await?;
    let done = bring_in(store, &next, delay, clock, out).await;
    done.map_err(|error| match error {
        Error::UnderWay { .. } => error,
        error => Error::Unfinished {
            source: Box::new(error),
        },
    })
}

/// The key to bring in: that of an interrupted run, or else a new one. Only one can be it, because its parameter is
/// never overwritten.
async fn begin(
    store: &Store,
    args: &RotateArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<NewKey, Error> {
    let mut made: Option<NewKey> = None;
    loop {
        let keys = Keys::read(store).await?;
        if let Some(left) = keys.value(NEXT) {
            let next = NewKey::from_private(left).map_err(Error::UnusableKeys)?;
            // Not when it is our own write, whose answer was lost.
            if made.is_none_or(|made| made.kid != next.kid) {
                let (kid, algorithm) = (&next.kid, next.algorithm);
                writeln!(
                    out,
                    "going on with a rotation that was not finished, to key {kid} ({algorithm})"
                )?;
            }
            return Ok(next);
        }
        refuse_if_waiting(store, &keys, None, clock.now())?;
        let signing = keys.signing.iter().next_back().map(SigningKey::algorithm);
        let algorithm = args.algorithm.or(signing).unwrap_or(Algorithm::ES256);
        let next = new_key(algorithm, args.rsa_bits, clock.now())?;
        match store.write(NEXT, &next.private, false).await? {
            Written::Version(_) => return Ok(next),
            // Somebody else began at the same moment: look again.
            Written::AlreadyThere => made = Some(next),
        }
    }
}

async fn bring_in(
    store: &Store,
    next: &NewKey,
    delay: &Delay,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let keys = Keys::read(store).await?;
    // Another rotation may have come to its end between our first look and our lock.
    let refused = refuse_if_waiting(store, &keys, Some(&next.kid), clock.now());
    if refused.is_err() {
        store.remove(NEXT).await?;
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

    // By the clock of Parameter Store, in case ours is slow: whoever verifies must have had all of the delay.
    let published = store.parameter(&public).await?.last_modified_date;
    let published = published.and_then(|at| OffsetDateTime::from_unix_timestamp(at.secs()).ok());
    let published = published.map_or(clock.now(), |at| at.max(clock.now()));
    let from = published + Duration::seconds(i64::from(delay.total));
    let value = next.signing_from(from).map_err(Error::UnusableKeys)?;
    store.write(&private, &value, false).await?;

    // As it stands there now: an earlier run may have said another time.
    let keys = Keys::read(store).await?;
    let written = keys.signing.iter().find(|key| key.kid() == next.kid);
    let from = written.map_or(from, SigningKey::signs_from);
    let name = store.name(&private);
    writeln!(out, "stored    {name}, which signs from {}", seconds(from))?;
    settle(store, &keys, out).await?;
    store.remove(NEXT).await?;
    outlook(&keys, next, from, delay, clock.now(), out)
}

/// While a key waits, no other begins to.
fn refuse_if_waiting(
    store: &Store,
    keys: &Keys,
    but: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    match keys.waiting(now) {
        Some(key) if Some(key.kid()) != but => Err(Error::UnderWay {
            name: store.name(&format!("keys/private/{}", key.kid())),
            from: seconds(key.signs_from()),
        }),
        _ => Ok(()),
    }
}

/// What to expect, and when.
fn outlook(
    keys: &Keys,
    next: &NewKey,
    from: OffsetDateTime,
    delay: &Delay,
    now: OffsetDateTime,
    out: &mut impl Write,
) -> Result<(), Error> {
    writeln!(
        out,
        "\nNothing else is to be done, and nothing to be deployed:"
    )?;
    if from > now {
        let known = Duration::seconds(i64::from(delay.cache + delay.max_age));
        let known = seconds((now + known).min(from));
        writeln!(
            out,
            "  by   {known}  everybody who verifies tokens has the new key"
        )?;
    }
    writeln!(out, "  from {}  the new key signs", seconds(from))?;
    let before = keys.replaced().find(|(_, successor)| *successor == from);
    let until = before.map(|(_, successor)| successor + super::keyring::AFTERWARDS);
    if let Some(until) = until {
        writeln!(
            out,
            "  from {}  the old key verifies nothing any more; `retire-keys` removes it",
            seconds(until)
        )?;
    }
    if next.algorithm == Algorithm::HS256 {
        writeln!(
            out,
            "HS256: the key is in no JWKS. Only the functions verify with it."
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
