//! Black-box tests: HTTP requests to the local system, in which the real functions run as processes of their own.
//!
//! The tree mirrors the URL tree. Each test starts a system of its own on free ports, so they run side by side.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what should not happen is a failure"
)]

mod admin;
mod bodies;
mod failure;
mod foreign;
mod grants;
mod least_privilege;
mod logs;
mod mail;
mod operator;
mod password;
mod readme;
mod session;
mod signin;
mod signup;
mod support;
mod system;
mod threats;
mod tokens;
mod uploads;
mod users;
mod verified;
mod verify_email;
mod well_known;
