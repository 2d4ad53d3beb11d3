//! SIGKILL at each AWS call.

use std::{
    process::Stdio,
    sync::{Arc, OnceLock},
};

use super::{GRANTS, LEDGER, Lab};
use crate::support::{
    faults::{Fault, Proxy},
    processes::signal,
    rounds,
};

/// Runs `cloakroom migrate …` and kills it at its `call`th request, before or after the request is executed. Says whether it ended
/// by itself.
fn run_and_kill(lab: &Lab, proxy: &Proxy, args: &[&str], call: u32, after: bool) -> bool {
    let pid = Arc::new(OnceLock::new());
    let (process, mut calls) = (Arc::clone(&pid), 0);
    proxy.plan(move |_, _| {
        calls += 1;
        if calls != call {
            return Fault::None;
        }
        // The first call may be sooner than the number of its process is stored.
        let pid = *process.wait();
        if after {
            return Fault::KillCaller(pid);
        }
        signal(pid, "KILL");
        Fault::Disconnect
    });
    let url = proxy.url();
    let mut command = lab.app.operator_command("migrate", args, &url);
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    pid.set(child.id()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return true;
    }
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), None, "it ended by the signal: {text}");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_any_call_ends_as_a_calm_one() {
    let lab = Lab::start();
    let proxy = Proxy::in_front_of(lab.app.endpoint("dynamodb")).await;
    let count = rounds(15, 60);
    let small = ["--segments", "2", "--page", "4"];
    for direction in ["up", "down"] {
        if direction == "up" {
            lab.old_grants(count).await;
        }
        let args = [
            &[direction, "--to", if direction == "up" { "1" } else { "0" }],
            &small[..],
        ]
        .concat();
        let mut call = 1;
        while !run_and_kill(&lab, &proxy, &args, call, false) {
            lab.end_lease().await;
            if run_and_kill(&lab, &proxy, &args, call, true) {
                break;
            }
            lab.end_lease().await;
            call += 1;
            assert!(call < 1000);
        }
        assert!(call > 10, "{call} calls");
        let killed = lab.dump(GRANTS).await;
        assert_eq!(killed.len(), usize::try_from(count).unwrap());
        let has = killed
            .iter()
            .filter(|item| item.contains_key("received_at"))
            .count();
        assert_eq!(has, if direction == "up" { killed.len() } else { 0 });
        if direction == "up" {
            // A calm run on the same items.
            lab.old_grants(count).await;
            let again = lab.migrate(&["up", "--again", "1"]);
            assert!(again.status.success(), "{again:?}");
            assert_eq!(lab.dump(GRANTS).await, killed);
        }
        let ledger = lab.dump(LEDGER).await;
        let locks = ledger.iter().filter(|item| item["id"] == super::s("lock"));
        assert_eq!(locks.count(), 0, "{ledger:?}");
    }
}
