use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{KeySets, failed, succeeded, text};
use crate::support::{
    TestApp, eventually,
    faults::{Fault, Proxy},
};

const ROTATE: [&str; 3] = ["rotate-signing-key", "--cache-seconds", "1"];

/// The request of this number meets this fate, all others are answered. Counts them.
fn at(proxy: &Proxy, number: usize, fault: &Fault) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counted, fault) = (Arc::clone(&count), fault.clone());
    proxy.plan(move |_, _| {
        if counted.fetch_add(1, Ordering::SeqCst) == number {
            fault.clone()
        } else {
            Fault::None
        }
    });
    count
}

/// Everything as it was at the start.
async fn restore(app: &TestApp, keys: &std::collections::BTreeMap<String, String>) {
    super::without_keys(app).await;
    for (name, value) in keys.iter().rev() {
        app.put_parameter(name, value).await;
    }
}

/// One key waits, the other has its end, and no trace of the rotation is left.
async fn assert_is_rotated(app: &TestApp, when: &str) {
    let keys = KeySets::of(app).await;
    let [old, new] = keys.kids().try_into().expect(when);
    assert!(
        keys.verifying.get(&old).unwrap().until().is_some(),
        "{when}"
    );
    assert!(
        keys.verifying.get(&new).unwrap().until().is_none(),
        "{when}"
    );
    assert_eq!(app.parameters().await.len(), 4, "{when}");
}

#[tokio::test]
async fn a_rotation_that_is_killed_at_any_request_is_finished_by_the_next_run() {
    let app = TestApp::start();
    let keys = app.parameters().await;
    let proxy = Proxy::in_front_of(app.endpoint("ssm")).await;
    let mut killed = 0;
    for number in 0.. {
        restore(&app, &keys).await;
        let count = at(&proxy, number, &Fault::Hang);
        let mut command = app.operator_command("secrets", &ROTATE, &proxy.url());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = command.spawn().unwrap();
        let mut ended = false;
        eventually(async || {
            ended = running.try_wait().unwrap().is_some();
            ended || count.load(Ordering::SeqCst) > number
        })
        .await;
        running.kill().unwrap();
        running.wait().unwrap();
        if ended {
            break;
        }
        killed += 1;

        let when = format!("killed at request {number}");
        // Nothing in between is refused by a function that begins then.
        KeySets::of(&app).await;
        let left = app.parameters().await.contains_key("keys/next");
        let waiting = KeySets::of(&app).await.kids().len() == 2;
        let next = app.run_secrets(&ROTATE);
        if waiting && !left {
            failed(&next);
        } else {
            let said = succeeded(&next);
            assert_eq!(said.contains("was not finished"), left, "{when}: {said}");
        }
        assert_is_rotated(&app, &when).await;
    }
    assert!(killed >= 8, "{killed}");
}

#[tokio::test]
async fn a_lost_reply_makes_no_second_key() {
    let app = TestApp::start();
    let keys = app.parameters().await;
    let proxy = Proxy::in_front_of(app.endpoint("ssm")).await;
    for number in 0.. {
        restore(&app, &keys).await;
        let count = at(&proxy, number, &Fault::LostReply);
        let command = app.operator_command("secrets", &ROTATE, &proxy.url());
        let output = tokio::process::Command::from(command).output().await;
        let said = succeeded(&output.unwrap());
        assert!(!said.contains("was not finished"), "{number}: {said}");
        assert_is_rotated(&app, &format!("lost reply {number}")).await;
        if count.load(Ordering::SeqCst) <= number {
            assert!(number >= 8, "{number}");
            break;
        }
    }
}

#[tokio::test]
async fn of_several_rotations_at_once_one_happens() {
    let app = TestApp::start();
    let run = || {
        let command = app.operator_command("secrets", &ROTATE, app.endpoint("ssm"));
        tokio::process::Command::from(command).output()
    };
    let (a, b, c, d) = tokio::join!(run(), run(), run(), run());
    let all = [a, b, c, d].map(Result::unwrap);
    assert!(all.iter().any(|output| output.status.success()));
    for output in &all {
        let said = text(output);
        let refused = said.contains("a rotation is in progress");
        assert!(output.status.success() || refused, "{said}");
    }
    assert_is_rotated(&app, "four at once").await;
}
