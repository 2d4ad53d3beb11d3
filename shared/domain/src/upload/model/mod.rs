//! A walk through all states that announcements, PUTs, repeated forms, parts, completions, events, deletions, restorations, locks,
//! expiries and reconciler runs can lead to in any order, within bounds that include all kinds of races. It checks the
//! invariants in every state.
//!
//! Decisions and plans are those of the functions. The tables are modelled by what a conditional write guarantees: it happens
//! completely, and only if the record has the revision that was read. S3 is modelled by versions, delete markers and parts, and
//! by events that may be late, repeated or lost. A function may be killed between any two of its requests.

mod requests;
mod s3;
mod world;

use std::collections::{BTreeSet, HashSet, VecDeque};

use self::world::{Bounds, Owners, World};

/// Walks to every state, and returns the names of the steps that were taken.
fn walk(bounds: Bounds) -> BTreeSet<&'static str> {
    let start = World::new(bounds);
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    let mut happened = BTreeSet::new();
    // States from which the system is known to settle as required.
    let mut settling = HashSet::new();
    while let Some(world) = open.pop_front() {
        world.check();
        world.check_settles(&mut settling);
        for (what, next) in world.next() {
            happened.insert(what);
            if seen.insert(next.clone()) {
                open.push_back(next);
            }
        }
    }
    println_states(seen.len());
    assert!(seen.len() > 5_000, "{} states", seen.len());
    happened
}

#[expect(clippy::print_stdout, reason = "the size of a walk is worth knowing")]
fn println_states(count: usize) {
    println!("{count} states");
}

/// Whether the walks have all their states: `CLOAKROOM_STRESS=full`, as in CI.
fn is_full() -> bool {
    std::env::var("CLOAKROOM_STRESS").is_ok_and(|value| value == "full")
}

fn assert_happened(happened: &BTreeSet<&'static str>, expected: &[&str]) {
    for what in expected {
        assert!(
            happened.contains(what),
            "{what} did not happen: {happened:?}"
        );
    }
}

#[test]
fn a_put_is_charged_and_not_replaced() {
    let happened = walk(Bounds {
        sends: if is_full() { 2 } else { 1 },
        deletions: 1,
        restorations: 1,
        lost_events: 1,
        last_active: 0,
        ..Bounds::put()
    });
    assert_happened(
        &happened,
        &[
            "S3 takes a PUT",
            "an event is lost",
            "is deleted",
            "is restored",
        ],
    );
    if is_full() {
        assert_happened(&happened, &["a surplus version is deleted"]);
    }
}

#[test]
fn a_file_that_is_deleted_and_restored_at_once_ends_hidden_or_shown() {
    walk(Bounds {
        sends: 1,
        deletions: 2,
        restorations: if is_full() { 2 } else { 1 },
        last_active: 0,
        ..Bounds::put()
    });
}

#[test]
fn a_function_that_is_killed_leaves_nothing_uncharged() {
    let happened = walk(Bounds {
        sends: 2,
        deletions: 1,
        restorations: 1,
        kills: if is_full() { 2 } else { 1 },
        at_once: 1,
        ..Bounds::put()
    });
    assert_happened(&happened, &["a function is killed", "is restored"]);
}

#[test]
fn a_locked_file_is_neither_replaced_nor_removed() {
    let happened = walk(Bounds {
        sends: 2,
        deletions: 1,
        locks: 1,
        at_once: 1,
        ..Bounds::form()
    });
    assert_happened(
        &happened,
        &["is locked", "is refused", "a surplus version is deleted"],
    );
}

#[test]
fn a_form_that_is_sent_again_leaves_nothing_uncharged() {
    let happened = walk(Bounds {
        sends: 2,
        deletions: 1,
        restorations: 1,
        lost_events: if is_full() { 2 } else { 1 },
        at_once: 1,
        ..Bounds::form()
    });
    assert_happened(
        &happened,
        &[
            "S3 takes a form",
            "a surplus version is deleted",
            "is restored",
        ],
    );
}

#[test]
fn parts_without_a_size_are_measured_or_given_up() {
    let happened = walk(Bounds {
        sends: 3,
        deletions: 1,
        at_once: 1,
        ..Bounds::parts()
    });
    assert_happened(
        &happened,
        &[
            "S3 takes a part",
            "parts are measured",
            "has too many bytes",
            "parts are put together",
        ],
    );
}

#[test]
fn two_uploads_of_one_owner_share_the_limits() {
    let happened = walk(Bounds {
        uploads: 2,
        sends: 2,
        deletions: 2,
        at_once: 1,
        last_active: 0,
        ..Bounds::put()
    });
    assert_happened(&happened, &["there is no room", "is deleted for good"]);
}

#[test]
fn a_deleted_account_leaves_no_file_and_no_record() {
    for bounds in [Bounds::put(), Bounds::form(), Bounds::parts()] {
        let happened = walk(Bounds {
            sends: 2,
            deletions: 1,
            restorations: 1,
            locks: 1,
            erasures: 1,
            at_once: 1,
            ..bounds
        });
        assert_happened(&happened, &["is erased", "its record is deleted"]);
    }
}

#[test]
fn an_erasure_that_is_killed_or_repeated_ends_alike() {
    let happened = walk(Bounds {
        sends: 1,
        deletions: 1,
        kills: 1,
        lost_events: 1,
        erasures: 2,
        last_active: if is_full() { 2 } else { 0 },
        ..Bounds::put()
    });
    assert_happened(&happened, &["was erased", "a function is killed"]);
}

#[test]
fn two_owners_do_not_touch_each_other() {
    walk(Bounds {
        uploads: 2,
        owners: Owners::Two,
        sends: if is_full() { 2 } else { 1 },
        deletions: 1,
        at_once: 1,
        last_active: 0,
        ..Bounds::form()
    });
}
