//! The local system as the person meets it who runs `cloakroom dev`.

mod cors;
mod functions;
mod restart;
mod site;
mod start;
mod strangers;
mod template;

use std::{
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Runs a command that is expected to end by itself.
fn output(command: &mut Command) -> Output {
    let streams = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it runs: {command:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// What a start that fails says, once it is seen to be one line for a person.
#[track_caller]
fn refusal(command: &mut Command) -> String {
    let output = output(command);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let errors: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let [error] = errors.as_slice() else {
        panic!("not one error: {text}")
    };
    assert!(
        text.ends_with(&format!("{error}\n")),
        "the error comes last: {text}"
    );
    (*error).to_owned()
}
