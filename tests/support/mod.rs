//! The system under test, and the clients that use it.

mod actors;
mod app;
mod bootstraps;
pub mod faults;
pub mod interruptions;
mod invoke;
mod limits;
pub mod lines;
pub mod lockout;
mod mail;
mod ministack;
mod operator;
pub mod processes;
mod receiver;
mod response;
pub mod routes;
mod s3;
mod signed;
mod signer;
mod stored;
mod time;

use std::time::Duration;

use tokio::task::LocalSet;

pub use self::time::{hours_from_now, not_at_midnight};
pub use actors::{SignedIn, session_key};
pub use app::{RECORD_CALLS, TestApp, WITH_MAIL, cloakroom, cloakroom_dev, unrecorded};
pub use bootstraps::write_bootstraps;
pub use limits::within_a_minute;
pub use mail::{seconds_from_now, token_in};
pub use operator::{PARAMETERS, PUBLIC_KEYS, run_doctor_on};
pub use receiver::{Answer, Received, Receiver};
pub use response::Response;
pub use s3::BUCKET;
pub use signed::UnsignedRequest;
pub use signer::{Signer, decode, encode, hmac_token, message, parts};

/// A password that satisfies every rule.
pub const PASSWORD: &str = "analytical engine";

/// Polls a condition until it is true; panics after 30 seconds.
pub async fn eventually(condition: impl AsyncFnMut() -> bool) {
    assert!(
        comes_true(condition).await,
        "the condition is false after 30 seconds"
    );
}

/// Polls a condition until it is true. Returns false if it is not after 30 seconds.
pub async fn comes_true(mut condition: impl AsyncFnMut() -> bool) -> bool {
    let polling = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), polling)
        .await
        .is_ok()
}

/// Whether tests do all their rounds: `CLOAKROOM_STRESS=full`, as in CI.
pub fn is_full() -> bool {
    std::env::var("CLOAKROOM_STRESS").is_ok_and(|value| value == "full")
}

/// Chooses the size of a test that repeats a race.
pub fn rounds<T>(few: T, full: T) -> T {
    if is_full() { full } else { few }
}

/// Runs futures concurrently on this thread. Resumes the panic of the first one that panicked.
pub async fn run_concurrently<T: Future<Output = ()> + 'static>(
    futures: impl IntoIterator<Item = T>,
) {
    let local = LocalSet::new();
    let tasks: Vec<_> = futures
        .into_iter()
        .map(|future| local.spawn_local(future))
        .collect();
    local.await;
    for task in tasks {
        if let Err(error) = task.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
