//! The system under test, and the people who use it.

mod actors;
mod answer;
mod app;
mod operator;
pub mod processes;
mod signer;

use std::time::Duration;

pub use actors::SignedIn;
pub use answer::Answer;
pub use app::{TestApp, cloakroom, dev};
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
