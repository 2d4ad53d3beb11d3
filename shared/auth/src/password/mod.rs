//! Passwords: bcrypt, on a blocking thread, and the same work whatever the answer.
//!
//! A verification runs `2^max(stored cost, configured cost)` rounds, be the account known or not, the password right,
//! wrong or longer than any password can be. Only a stored hash that is dearer than the configured cost stands out:
//! nothing can be padded to what an unknown account has never cost. Lowering the cost is visible until the
//! owners of the old hashes have signed in once.

mod cost;
mod hash;
mod verify;

pub use cost::{BadCost, Cost};
pub use hash::{BadHash, HashingError, PasswordHash, hash, hash_with_salt, rehash};
pub use verify::{Verdict, verify};

use std::sync::atomic::{AtomicU64, Ordering};

static WORK: AtomicU64 = AtomicU64::new(0);

/// The bcrypt rounds this process has run: the sum of `2^cost`. Equal work is proven by it, not by a stop-watch.
#[must_use]
pub fn work() -> u64 {
    WORK.load(Ordering::Relaxed)
}

fn count(cost: Cost) {
    WORK.fetch_add(1 << cost.get(), Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
