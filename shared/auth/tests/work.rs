//! The same work, counted: in a process of its own, because the counter is the process's.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of a test, which clippy does not take for one"
)]

use auth::password::{Cost, PasswordHash, Verdict, hash, verify, work};
use domain::{Password, PasswordAttempt};

const RIGHT: &str = "correct horse battery";

/// One test, because two would count each other's work.
#[tokio::test]
async fn every_answer_costs_the_same_work() {
    hashing_costs_what_it_says().await;
    for (stored, configured) in [(6, 6), (5, 6), (4, 6), (4, 9), (9, 9)] {
        no_answer_is_cheaper_than_another(stored, configured).await;
    }
    a_dearer_hash_costs_its_own_cost().await;
}

async fn hashing_costs_what_it_says() {
    for rounds in 4..8 {
        let before = work();
        hashed(rounds).await;
        assert_eq!(work() - before, 1 << rounds);
    }
}

async fn no_answer_is_cheaper_than_another(stored: u32, configured: u32) {
    let hash = hashed(stored).await;
    let too_long = RIGHT.repeat(10);
    for (attempt, stored, expected) in [
        (RIGHT, Some(&hash), Some(stored == configured)),
        ("wrong horse battery", Some(&hash), None),
        ("x", Some(&hash), None),
        (too_long.as_str(), Some(&hash), None),
        (RIGHT, None, None),
        ("x", None, None),
        (too_long.as_str(), None, None),
    ] {
        let (verdict, rounds) = verified(attempt, stored, configured).await;
        let expected = match expected {
            None => Verdict::NoMatch,
            Some(true) => Verdict::Match,
            Some(false) => Verdict::MatchNeedsRehash,
        };
        assert_eq!(
            (verdict, rounds),
            (expected, 1 << configured),
            "{attempt:.20}"
        );
    }
}

/// Documented: it cannot be padded to what an unknown account costs.
async fn a_dearer_hash_costs_its_own_cost() {
    let hash = hashed(7).await;
    assert_eq!(
        verified("wrong horse battery", Some(&hash), 5).await,
        (Verdict::NoMatch, 1 << 7)
    );
}

async fn hashed(cost: u32) -> PasswordHash {
    hash(&Password::parse(RIGHT).unwrap(), Cost::new(cost).unwrap())
        .await
        .unwrap()
}

async fn verified(attempt: &str, stored: Option<&PasswordHash>, cost: u32) -> (Verdict, u64) {
    let attempt = PasswordAttempt::parse(attempt).unwrap();
    let before = work();
    let verdict = verify(&attempt, stored, Cost::new(cost).unwrap())
        .await
        .unwrap();
    (verdict, work() - before)
}
