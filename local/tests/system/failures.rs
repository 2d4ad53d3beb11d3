use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::TestSystem;

#[tokio::test]
async fn a_crash_is_a_502_and_the_function_is_replaced() {
    let system = TestSystem::start().await;
    let (_, before) = system.act("pid").await;
    let (status, problem) = system.act("exit").await;
    assert_eq!(
        (status, &problem["code"]),
        (502, &json!("function_crashed"))
    );
    let (status, after) = system.act("pid").await;
    assert_eq!(status, 200);
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_function_that_cannot_start_is_a_502() {
    let system = TestSystem::start().await;
    let response = system.get("/broken").send().await.unwrap();
    assert_eq!(response.status(), 502);
    let content_type = &response.headers()["content-type"];
    assert_eq!(content_type, "application/problem+json");
}

#[tokio::test]
async fn an_error_that_the_runtime_reports_is_a_502_and_the_instance_stays() {
    let system = TestSystem::start().await;
    let (_, before) = system.act("pid").await;
    assert_eq!(system.act("fail").await.0, 502);
    assert_eq!(system.act("pid").await.1, before);
}

#[tokio::test]
async fn a_function_that_exceeds_its_timeout_is_killed() {
    let system = TestSystem::start().await;
    let (_, before) = system.act("pid").await;
    let start = Instant::now();
    let answer = system.act("hang").await;
    assert_eq!(answer, (503, json!({"message": "Service Unavailable"})));
    assert!(start.elapsed() < Duration::from_secs(15));
    wait_until_gone(&before).await;
    assert_eq!(system.act("pid").await.0, 200);
}

#[tokio::test]
async fn an_instance_that_exits_while_idle_is_replaced() {
    let system = TestSystem::start().await;
    let (_, pid) = system.act("pid").await;
    let kill = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
    wait_until_ended(&pid).await;
    assert_eq!(system.act("pid").await.0, 200);
}

#[tokio::test]
async fn a_response_over_six_megabytes_is_an_error() {
    let system = TestSystem::start().await;
    assert_eq!(
        system.act("large").await,
        (500, json!({"message": "Internal Server Error"}))
    );
    assert_eq!(system.act("pid").await.0, 200);
}

#[tokio::test]
async fn a_disconnecting_client_does_not_end_the_invocation() {
    let system = TestSystem::start().await;
    let (_, before) = system.act("pid").await;
    let request = system
        .get("/do/slow")
        .timeout(Duration::from_millis(50))
        .send();
    assert!(request.await.unwrap_err().is_timeout());
    system.settled().await;
    assert_eq!(system.act("pid").await.1, before);
}

#[tokio::test]
async fn functions_stop_with_the_system() {
    let mut system = TestSystem::start().await;
    let (_, pid) = system.act("pid").await;
    let endpoints = system.data_dir().join("endpoints.json");
    assert!(endpoints.exists());
    system.stop().await;
    wait_until_gone(&pid).await;
    assert!(!endpoints.exists());
}

#[tokio::test]
async fn a_busy_function_stops_with_the_system() {
    let mut system = TestSystem::start().await;
    let (_, pid) = system.act("pid").await;
    let hanging = tokio::spawn(system.get("/do/hang").send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    system.stop().await;
    wait_until_gone(&pid).await;
    drop(hanging);
}

/// Waits until a process has ended, although the system may not have noticed it. Its parent is told when the last of its threads
/// has ended.
async fn wait_until_ended(pid: &Value) {
    let is_last = || fs::read_dir(format!("/proc/{pid}/task")).map_or(true, |all| all.count() <= 1);
    wait_until(pid, |state| {
        state.is_none() || state == Some(b'Z') && is_last()
    })
    .await;
}

/// Waits until a process has ended, and the system has noticed it.
async fn wait_until_gone(pid: &Value) {
    wait_until(pid, |state| state.is_none()).await;
}

/// Waits until a process has a state, a letter as in <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
async fn wait_until(pid: &Value, is_right: impl Fn(Option<u8>) -> bool) {
    for _ in 0..3_000 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which is in parentheses.
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]);
        if is_right(state) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the process {pid} is still running");
}
