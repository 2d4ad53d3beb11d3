//! Every verification does the same work. In its own process, because the counter is global.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of a test, which clippy does not recognise as a test"
)]

use auth::password::{Cost, PasswordHash, Verdict, hash, verify, work};
use domain::{Password, PasswordAttempt};

const RIGHT: &str = "correct horse battery";

/// One test, because concurrent tests would count each other's work.
#[tokio::test]
async fn every_verification_does_the_same_work() {
    a_hash_does_the_work_of_its_cost().await;
    for (stored, configured) in [(6, 6), (5, 6), (4, 6), (4, 9), (9, 9)] {
        every_result_takes_the_same_work(stored, configured).await;
    }
    a_hash_above_the_configured_cost_does_its_own_work().await;
}

async fn a_hash_does_the_work_of_its_cost() {
    for rounds in 4..8 {
        let before = work();
        hashed(rounds).await;
        assert_eq!(work() - before, 1 << rounds);
    }
}

async fn every_result_takes_the_same_work(stored: u32, configured: u32) {
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

/// The documented exception: its work cannot be reduced to that of an unknown account.
async fn a_hash_above_the_configured_cost_does_its_own_work() {
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
