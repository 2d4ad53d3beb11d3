//! The operator's commands `cloakroom users`, `cloakroom uploads`, `cloakroom env`, `cloakroom seed`, `cloakroom queues`, `cloakroom events` and `cloakroom secrets migrate`, run as
//! executables.

mod env;
mod events;
mod import;
mod migrate;
mod people;
mod queues;
mod roles;
mod seed;
mod unlock;

use std::process::Output;

use serde_json::Value;

/// A bcrypt hash of the password `abc`, made by another application.
const HASH_OF_ABC: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

/// Asserts the exit code, and returns stdout and stderr.
#[track_caller]
pub fn assert_exit(output: &Output, code: i32) -> (String, String) {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}

/// Writes one JSON object per line.
fn json_lines(accounts: &[Value]) -> String {
    let lines = accounts.iter().map(|account| format!("{account}\n"));
    lines.collect()
}
