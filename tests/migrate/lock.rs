//! One operator at a time.

use std::{
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use clock::Clock;
use migrations::{Edit, Error, Holder, Step};
use time::{Duration, OffsetDateTime};
use tokio::sync::Notify;

use super::{LEDGER, Lab, NAME, TABLE, holder, migration, runner, s, text};
use crate::support::{eventually, processes::signal};

/// Starts `cloakroom migrate up`, which reads one item a second, and waits until it has the lock.
async fn slow_run(lab: &Lab) -> Child {
    let url = lab.app.endpoint("dynamodb");
    let args = ["up", "--items-per-second", "1", "--segments", "1"];
    let mut command = lab.app.operator_command("migrate", &args, url);
    let process = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually(async || !lab.status()["running"].is_null()).await;
    process
}

#[tokio::test]
async fn a_second_operator_is_told_who_runs_migrations() {
    let lab = Lab::start();
    lab.old_grants(100).await;
    let mut first = slow_run(&lab).await;
    for command in [&["up"][..], &["down"]] {
        let second = lab.migrate(command);
        let text = text(&second);
        assert_eq!(second.status.code(), Some(1), "{text}");
        assert!(
            text.contains("error: migrations are already running: "),
            "{text}"
        );
        assert!(
            text.contains(&format!("process {} holds the lock since 20", first.id())),
            "{text}"
        );
        assert!(text.contains("the lock ends at 20"), "{text}");
    }
    // Ctrl-C frees the lock, and the next run continues.
    signal(first.id(), "INT");
    assert_eq!(first.wait().unwrap().code(), Some(130));
    assert!(lab.status()["running"].is_null());
    assert_eq!(lab.status()["migrations"][0]["state"], "applying");
    let third = lab.migrate(&["up"]);
    assert!(third.status.success(), "{third:?}");
    assert_eq!(lab.status()["migrations"][0]["state"], "applied");
}

#[tokio::test]
async fn the_lock_of_a_killed_process_is_taken_over_after_its_end_only() {
    let lab = Lab::start();
    lab.old_grants(100).await;
    let mut first = slow_run(&lab).await;
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(lab.migrate(&["up"]).status.code(), Some(1));
    lab.end_lease().await;
    let next = lab.migrate(&["up"]);
    assert!(next.status.success(), "{next:?}");
    assert_eq!(
        lab.dump(LEDGER).await.len(),
        migrations::versions::all().len()
    );
}

/// A migration that counts the items it has seen in `seen`, and calls `then` after the fifth.
fn counting(
    seen: &Arc<AtomicU32>,
    then: impl Fn() + Send + Sync + 'static,
) -> migrations::Migration {
    let seen = Arc::clone(seen);
    let up = Step::items(TABLE, "count", move |item| {
        if item.contains_key("new") {
            return Ok(None);
        }
        if seen.fetch_add(1, Ordering::SeqCst) == 4 {
            then();
        }
        Ok(Some(Edit::default().set("new", s("x"))))
    });
    migration(up, migrations::steps::remove(TABLE, ["new"]))
}

async fn changed(lab: &Lab) -> usize {
    let items = lab.dump(NAME).await;
    items.iter().filter(|item| item.contains_key("new")).count()
}

#[tokio::test]
async fn a_process_that_lost_its_lock_stops() {
    let lab = Lab::start();
    lab.fill(200, |_| Vec::new()).await;
    let (seen, five) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let notify = Arc::clone(&five);
    let run = lab.runner(vec![counting(&seen, move || notify.notify_one())]);
    let other = async {
        five.notified().await;
        lab.end_lease().await;
        let only_one = Holder {
            name: "another".to_owned(),
            is_only_one: false,
        };
        // Its list is empty, so it only takes the lock and frees it.
        lab.runner(Vec::new()).up(&only_one, None).await
    };
    let me = holder();
    let (lost, other) = tokio::join!(run.up(&me, None), other);
    // The other one finds a migration that its list does not have; by then, it has had the lock.
    assert!(matches!(other, Err(Error::History(_))), "{other:?}");
    assert!(matches!(lost, Err(Error::LockLost)), "{lost:?}");
    assert!(changed(&lab).await < 200);
    let next = lab
        .runner(vec![counting(&seen, || {})])
        .up(&holder(), None)
        .await;
    assert_eq!(next.unwrap().len(), 1);
    assert_eq!(changed(&lab).await, 200);
}

/// A process that was suspended, or could not renew its lock, writes nothing when it continues.
#[tokio::test]
async fn no_write_starts_near_the_end_of_the_lease() {
    let lab = Lab::start();
    lab.fill(200, |_| Vec::new()).await;
    let start = Clock::system().now();
    let passed = Arc::new(AtomicI64::new(0));
    let time = Arc::clone(&passed);
    let clock = Clock::from_fn(move || -> OffsetDateTime {
        start + Duration::seconds(time.load(Ordering::SeqCst))
    });
    let seen = Arc::new(AtomicU32::new(0));
    let suspend = move || passed.store(31, Ordering::SeqCst);
    let run = runner(&lab.client, vec![counting(&seen, suspend)], clock);
    let lost = run.up(&holder(), None).await.unwrap_err();
    assert!(matches!(lost, Error::LockLost), "{lost}");
    // Only writes that had started before: three segments write two items at a time.
    let written = changed(&lab).await;
    assert!(written <= 10, "{written}");
}

#[tokio::test]
async fn the_local_system_replaces_its_own_lock_at_once() {
    let lab = Lab::start();
    let seen = Arc::new(AtomicU32::new(0));
    lab.fill(20, |_| Vec::new()).await;
    let dev = Holder {
        name: "cloakroom dev".to_owned(),
        is_only_one: true,
    };
    for (holder, is_replaced) in [(&holder(), false), (&dev, true)] {
        let lock = [
            ("id", s("lock")),
            ("owner_token", s("of a killed process")),
            ("holder", s("cloakroom dev")),
            ("held_since", s("2026-01-01T00:00:00Z")),
            (
                "lease_ends_at",
                super::AttributeValue::N("99999999999999".to_owned()),
            ),
        ];
        let owned = lock.map(|(name, value)| (name.to_owned(), value));
        lab.put(LEDGER, super::Item::from(owned)).await;
        let result = lab
            .runner(vec![counting(&seen, || {})])
            .up(holder, None)
            .await;
        assert_eq!(result.is_ok(), is_replaced, "{result:?}");
    }
}
