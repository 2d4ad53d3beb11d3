//! Makes `cargo build` and `cargo test --workspace` compile each dependency once.
//!
//! Cargo compiles a crate again when a command selects other features of it. The tests need more features than the command
//! `cloakroom`, such as those of the AWS SDKs for mocks. `cloakroom` depends on this crate, which selects them, so that tests
//! use what `cargo run` has compiled. The functions do not depend on it: they have only the features that they need.
