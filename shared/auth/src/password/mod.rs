//! Passwords: bcrypt hashes on a blocking thread, with the same work for every result.
//!
//! A verification runs `2^max(stored cost, configured cost)` rounds, for known and unknown accounts, and for right, wrong
//! and overlong passwords. Only a stored hash whose cost is above the configured one differs from an unknown account:
//! after the cost was lowered, until its owner has signed in once.

mod cost;
mod hash;
mod verify;

pub use cost::{BadCost, Cost};
pub use hash::{BadHash, HashingError, PasswordHash, hash, hash_with_salt, rehash};
pub use verify::{Verdict, verify};

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use metrics::Metric;

static WORK: AtomicU64 = AtomicU64::new(0);

/// Returns the number of bcrypt rounds that this process has run, the sum of `2^cost`. Tests compare work by it, not by
/// time.
#[must_use]
pub fn work() -> u64 {
    WORK.load(Ordering::Relaxed)
}

fn count(cost: Cost) {
    WORK.fetch_add(1 << cost.get(), Ordering::Relaxed);
}

/// Runs bcrypt on a blocking thread, and measures the time for the metric.
async fn hashing<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    let timed = tokio::task::spawn_blocking(move || {
        let started = Instant::now();
        let result = run();
        (result, started.elapsed())
    });
    let (result, took) = timed.await?;
    metrics::add_duration(Metric::HashMilliseconds, took);
    Ok(result)
}

#[cfg(test)]
mod tests;
