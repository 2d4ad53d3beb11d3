//! The local system that `cloakroom dev` runs.

mod cors;
mod events;
mod functions;
mod metrics;
mod origins;
mod project;
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

/// Runs a command to its end; panics after 30 seconds.
fn run_to_end(command: &mut Command) -> Output {
    let streams = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("the command did not end: {command:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// Runs a command that fails to start, and returns its error, after checking that it is the only one and the last line.
#[track_caller]
fn start_error(command: &mut Command) -> String {
    let output = run_to_end(command);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let errors: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let [error] = errors.as_slice() else {
        panic!("expected one error: {text}")
    };
    assert!(
        text.ends_with(&format!("{error}\n")),
        "the error is not the last line: {text}"
    );
    (*error).to_owned()
}
