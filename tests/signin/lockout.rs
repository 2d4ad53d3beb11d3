use domain::Clock;

use super::assert_looks_the_same;
use crate::support::{
    PASSWORD, TestApp, eventually,
    lockout::{FAR_FUTURE, FAR_PAST},
};

const ADA: &str = "ada@example.com";

async fn guess(app: &TestApp, i: usize) {
    app.sign_in(ADA, &format!("guess {i}")).await.expect(401);
}

fn now() -> i64 {
    let now = Clock::system().now().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(now).unwrap()
}

#[tokio::test]
async fn after_five_wrong_passwords_the_right_one_is_refused_like_any_until_the_wait_is_over() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for i in 0..5 {
        guess(&app, i).await;
    }
    assert_eq!(app.lockout(ADA).await.0, 5);
    // A slow machine must not let the second pass.
    app.set_locked_until(ADA, FAR_FUTURE).await;
    let locked = app.sign_in(ADA, PASSWORD).await.expect(401);
    let wrong = app.sign_in(ADA, "not the password").await;
    let unknown = app.sign_in("unknown@example.com", PASSWORD).await;
    assert_looks_the_same(&locked, &wrong);
    assert_looks_the_same(&locked, &unknown);
    let still = (5, Some(FAR_FUTURE));
    assert_eq!(
        app.lockout(ADA).await,
        still,
        "a wait is not made longer by asking"
    );

    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(app.lockout(ADA).await, (0, None));
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn each_wait_is_twice_the_last_up_to_a_quarter_of_an_hour() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for i in 1..5 {
        guess(&app, i).await;
        assert_eq!(app.lockout(ADA).await, (u64::try_from(i).unwrap(), None));
    }
    let waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    for (failures, seconds) in (5..).zip(waits) {
        let before = now();
        guess(&app, 0).await;
        let (counted, until) = app.lockout(ADA).await;
        let wait = seconds * 1000;
        assert_eq!(counted, failures);
        assert!(
            (before + wait..=now() + wait).contains(&until.unwrap()),
            "{failures}"
        );
        app.set_locked_until(ADA, FAR_PAST).await;
    }
    app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(app.lockout(ADA).await, (0, None));
}

#[tokio::test]
async fn the_right_password_makes_all_wrong_ones_forgotten() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for _ in 0..3 {
        for i in 0..4 {
            guess(&app, i).await;
        }
        app.sign_in(ADA, PASSWORD).await.expect(200);
        assert_eq!(app.lockout(ADA).await, (0, None));
    }
    app.sign_up("grace@example.com", PASSWORD).await.expect(201);
    app.set_lockout(ADA, 15, FAR_FUTURE).await;
    app.sign_in("grace@example.com", PASSWORD).await.expect(200);
}

/// `functions/signin` has the work of each; here it is the real table that counts.
#[tokio::test]
async fn five_hundred_guesses_are_few_and_the_owner_is_let_in_after_the_wait() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for round in 0..25 {
        let guesses = (0..20).map(|i| app.spawn_sign_in(ADA, &format!("guess {round} {i}")));
        for answer in guesses.collect::<Vec<_>>() {
            answer.await.unwrap().expect(401);
        }
    }
    // The first twenty may all have been free when they were read.
    let (failures, until) = app.lockout(ADA).await;
    assert!(
        (5..=40).contains(&failures) && until.is_some(),
        "{failures}"
    );
    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_two_hundred_guesses_at_once_after_a_wait_one_is_made() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for (failures, until, made) in [(15, FAR_PAST, 1), (16, FAR_FUTURE, 0)] {
        app.set_lockout(ADA, failures, until).await;
        let burst = (0..200).map(|i| app.spawn_sign_in(ADA, &format!("guess {i}")));
        for answer in burst.collect::<Vec<_>>() {
            answer.await.unwrap().expect(401);
        }
        assert_eq!(app.lockout(ADA).await.0, failures + made);
    }
    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_operator_is_told_of_a_lock_by_user_id() {
    let app = TestApp::start();
    let user = app.sign_up(ADA, PASSWORD).await.expect(201).json();
    for i in 0..6 {
        guess(&app, i).await;
        app.sign_in("unknown@example.com", PASSWORD)
            .await
            .expect(401);
    }
    let line = |log: &str| {
        log.lines()
            .find(|line| line.contains("account_locked"))
            .map(str::to_owned)
    };
    eventually(async || line(&app.log()).is_some()).await;
    let line = line(&app.log()).unwrap();
    assert!(
        line.contains(user["user"]["id"].as_str().unwrap()),
        "{line}"
    );
    assert!(
        line.contains("\"failures\":5") && line.contains("\"seconds\":1"),
        "{line}"
    );
    assert!(!app.log().contains("example.com") && !app.log().contains("guess"));
}
