use std::{
    process::{Command, Stdio},
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

/// Parameter Store and the table of public keys, behind proxies.
struct Proxies {
    ssm: Proxy,
    dynamodb: Proxy,
}

impl Proxies {
    async fn in_front_of(app: &TestApp) -> Self {
        Self {
            ssm: Proxy::in_front_of(app.endpoint("ssm")).await,
            dynamodb: Proxy::in_front_of(app.endpoint("dynamodb")).await,
        }
    }

    fn rotate(&self, app: &TestApp) -> Command {
        app.secrets_command(&ROTATE, &self.ssm.url(), &self.dynamodb.url())
    }

    /// Injects a fault into one request to either, by its number. Returns the count of all requests.
    fn inject_at(&self, number: usize, fault: &Fault) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        for proxy in [&self.ssm, &self.dynamodb] {
            let (counted, fault) = (Arc::clone(&count), fault.clone());
            proxy.plan(move |_, _| {
                if counted.fetch_add(1, Ordering::SeqCst) == number {
                    fault.clone()
                } else {
                    Fault::None
                }
            });
        }
        count
    }
}

/// Restores the parameters of the start.
async fn restore(app: &TestApp, keys: &std::collections::BTreeMap<String, String>) {
    super::delete_keys(app).await;
    for (name, value) in keys.iter().rev() {
        app.put_parameter(name, value).await;
    }
}

/// Asserts that the old key has an end, the new one has none, and no other parameter remains.
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
    let proxies = Proxies::in_front_of(&app).await;
    let mut killed = 0;
    for number in 0.. {
        restore(&app, &keys).await;
        let count = proxies.inject_at(number, &Fault::Hang);
        let mut command = proxies.rotate(&app);
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
        // Functions must be able to start with the intermediate state.
        KeySets::of(&app).await;
        let is_unfinished = app.parameters().await.contains_key("keys/next");
        let has_both_keys = KeySets::of(&app).await.kids().len() == 2;
        let next = app.run_secrets(&ROTATE);
        if has_both_keys && !is_unfinished {
            failed(&next);
        } else {
            let output = succeeded(&next);
            assert_eq!(
                output.contains("was not finished"),
                is_unfinished,
                "{when}: {output}"
            );
        }
        assert_is_rotated(&app, &when).await;
    }
    assert!(killed >= 8, "{killed}");
}

#[tokio::test]
async fn a_lost_reply_does_not_create_a_second_key() {
    let app = TestApp::start();
    let keys = app.parameters().await;
    let proxies = Proxies::in_front_of(&app).await;
    for number in 0.. {
        restore(&app, &keys).await;
        let count = proxies.inject_at(number, &Fault::LostReply);
        let command = proxies.rotate(&app);
        let output = tokio::process::Command::from(command).output().await;
        let output = succeeded(&output.unwrap());
        assert!(!output.contains("was not finished"), "{number}: {output}");
        assert_is_rotated(&app, &format!("lost reply {number}")).await;
        if count.load(Ordering::SeqCst) <= number {
            assert!(number >= 8, "{number}");
            break;
        }
    }
}

#[tokio::test]
async fn concurrent_rotations_create_one_key() {
    let app = TestApp::start();
    let run = || {
        let (ssm, dynamodb) = (app.endpoint("ssm"), app.endpoint("dynamodb"));
        // Without `--cache-seconds`, the new key signs long after the last run has ended.
        let command = app.secrets_command(&ROTATE[..1], ssm, dynamodb);
        tokio::process::Command::from(command).output()
    };
    let (a, b, c, d) = tokio::join!(run(), run(), run(), run());
    let all = [a, b, c, d].map(Result::unwrap);
    assert!(all.iter().any(|output| output.status.success()));
    for output in &all {
        let printed = text(output);
        let is_refused = printed.contains("a rotation is in progress");
        assert!(output.status.success() || is_refused, "{printed}");
    }
    assert_is_rotated(&app, "four concurrent rotations").await;
}
