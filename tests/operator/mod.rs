//! What the operator does with `cloakroom users` and `cloakroom uploads`, by the executable itself.

mod env;
mod import;
mod roles;
mod unlock;

use std::process::Output;

use serde_json::Value;

/// The password `abc`, hashed elsewhere.
const HASH_OF_ABC: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

#[track_caller]
fn ended(output: &Output, code: i32) -> (String, String) {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}

fn lines(accounts: &[Value]) -> String {
    let lines = accounts.iter().map(|account| format!("{account}\n"));
    lines.collect()
}
