use domain::Clock;

use super::assert_same_response;
use crate::support::{
    PASSWORD, TestApp, eventually,
    lockout::{FAR_FUTURE, FAR_PAST},
    rounds,
};

const ADA: &str = "ada@example.com";

/// Signs in with a wrong password.
async fn guess(app: &TestApp, i: usize) {
    app.sign_in(ADA, &format!("guess {i}")).await.expect(401);
}

/// Returns the time in milliseconds since 1970.
fn now() -> i64 {
    let now = Clock::system().now().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(now).unwrap()
}

#[tokio::test]
async fn after_five_wrong_passwords_the_correct_one_is_refused_until_the_lockout_ends() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for i in 0..5 {
        guess(&app, i).await;
    }
    assert_eq!(app.lockout(ADA).await.0, 5);
    // Otherwise the lockout of one second could end on a slow machine.
    app.set_locked_until(ADA, FAR_FUTURE).await;
    let locked = app.sign_in(ADA, PASSWORD).await.expect(401);
    let wrong = app.sign_in(ADA, "not the password").await;
    let unknown = app.sign_in("unknown@example.com", PASSWORD).await;
    assert_same_response(&locked, &wrong);
    assert_same_response(&locked, &unknown);
    let unchanged = (5, Some(FAR_FUTURE));
    assert_eq!(
        app.lockout(ADA).await,
        unchanged,
        "a sign-in during the lockout must not extend it"
    );

    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(app.lockout(ADA).await, (0, None));
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn each_lockout_is_twice_as_long_up_to_15_minutes() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for i in 1..5 {
        guess(&app, i).await;
        assert_eq!(app.lockout(ADA).await, (u64::try_from(i).unwrap(), None));
    }
    let lockouts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    for (failures, seconds) in (5..).zip(lockouts) {
        let before = now();
        guess(&app, 0).await;
        let (counted, until) = app.lockout(ADA).await;
        let lockout = seconds * 1000;
        assert_eq!(counted, failures);
        assert!(
            (before + lockout..=now() + lockout).contains(&until.unwrap()),
            "{failures}"
        );
        app.set_locked_until(ADA, FAR_PAST).await;
    }
    app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(app.lockout(ADA).await, (0, None));
}

#[tokio::test]
async fn a_correct_password_resets_the_failure_count() {
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

/// `functions/signin` tests the work of each guess; here the real table counts them.
#[tokio::test]
async fn of_many_guesses_few_are_compared_and_the_owner_can_sign_in_after_the_lockout() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for round in 0..rounds(3, 25) {
        let guesses = (0..20).map(|i| app.spawn_sign_in(ADA, &format!("guess {round} {i}")));
        for response in guesses.collect::<Vec<_>>() {
            response.await.unwrap().expect(401);
        }
    }
    // The first twenty may all have read the account before it was locked.
    let (failures, until) = app.lockout(ADA).await;
    assert!(
        (5..=40).contains(&failures) && until.is_some(),
        "{failures}"
    );
    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_simultaneous_guesses_after_a_lockout_one_is_compared() {
    let app = TestApp::start();
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for (failures, until, compared) in [(15, FAR_PAST, 1), (16, FAR_FUTURE, 0)] {
        app.set_lockout(ADA, failures, until).await;
        let burst = (0..rounds(30, 200)).map(|i| app.spawn_sign_in(ADA, &format!("guess {i}")));
        for response in burst.collect::<Vec<_>>() {
            response.await.unwrap().expect(401);
        }
        assert_eq!(app.lockout(ADA).await.0, failures + compared);
    }
    app.set_locked_until(ADA, FAR_PAST).await;
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_lockout_is_logged_with_the_user_id() {
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
