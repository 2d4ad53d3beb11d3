//! Black-box tests: send HTTP requests to the local system, which runs the real functions as child processes.
//!
//! The tree mirrors the URL tree. Each test starts its own system on free ports, so tests run in parallel.

#![expect(clippy::unwrap_used, reason = "an unexpected error fails the test")]

mod admin;
mod bodies;
mod cost;
mod doctor;
mod documents;
mod erasure;
mod event_failures;
mod failure;
mod foreign;
mod grants;
mod least_privilege;
mod limits;
mod logs;
mod mail;
mod migrate;
mod operator;
mod orders;
mod password;
mod products;
mod readme;
mod samples;
mod services;
mod session;
mod signin;
mod signup;
mod structure;
mod support;
mod system;
mod threats;
mod tokens;
mod uploads;
mod users;
mod verified;
mod verify_email;
mod webhooks;
mod well_known;
