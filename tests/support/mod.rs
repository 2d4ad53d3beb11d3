//! The system under test, and the people who use it.

mod actors;
mod answer;
mod app;
mod bootstraps;
pub mod faults;
pub mod guesses;
mod limits;
mod mail;
mod ministack;
mod operator;
pub mod processes;
mod s3;
mod signed;
mod signer;
mod stored;
mod time;

use std::time::Duration;

use tokio::task::LocalSet;

pub use self::time::in_hours;
pub use actors::SignedIn;
pub use answer::Answer;
pub use app::{RECORD_CALLS, TestApp, WITH_MAIL, cloakroom, dev, unrecorded};
pub use bootstraps::write_bootstraps;
pub use limits::within_a_minute;
pub use mail::{in_seconds, token_in};
pub use s3::BUCKET;
pub use signed::Unsigned;
pub use signer::{Signer, decode, encode, hmac_token, message, parts};

/// A password that every rule accepts.
pub const PASSWORD: &str = "analytical engine";

/// Waits until something holds, and insists that it does before long.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holds)
        .await
        .expect("it should hold by now");
}

/// Runs things that mostly wait, all at once. What one of them panics with is passed on.
pub async fn at_once<T: Future<Output = ()> + 'static>(all: impl IntoIterator<Item = T>) {
    let here = LocalSet::new();
    let running: Vec<_> = all.into_iter().map(|one| here.spawn_local(one)).collect();
    here.await;
    for one in running {
        if let Err(error) = one.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
