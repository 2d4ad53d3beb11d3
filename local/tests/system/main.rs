//! Tests the local system over HTTP, with real processes and a small template.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod bootstrap;
mod dynamodb;
mod eventbridge;
mod events;
mod failures;
mod instances;
mod invoke;
mod queues;
mod restart;
mod s3;
mod signatures;
#[path = "../../../tests/support/signed.rs"]
mod signed;
mod sqs;
mod ssm;
mod support;
