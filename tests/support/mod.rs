//! The system under test, and the people who use it.

mod actors;
mod answer;
mod app;

pub use actors::SignedIn;
pub use answer::Answer;
pub use app::TestApp;

/// A password that every rule accepts.
pub const PASSWORD: &str = "analytical engine";
