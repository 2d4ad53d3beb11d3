//! Sign-in with a database that answers as each test needs it.

mod tables;

use auth::password::{Cost, PasswordHash, Verdict, hash, verify, work};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::error::{ConditionalCheckFailedException, InternalServerError},
};
use domain::{Password, PasswordAttempt};
use http::StatusCode;
use serde_json::{Value, json};

use self::tables::Tables;

const PASSWORD: &str = "analytical engine";

fn cost(number: u32) -> Cost {
    Cost::new(number).unwrap()
}

async fn hash_of(password: &str, number: u32) -> PasswordHash {
    let password = Password::parse(password).unwrap();
    hash(&password, cost(number)).await.unwrap()
}

/// One test, because the work is counted for the whole process: what runs beside it would count too.
#[tokio::test]
async fn signing_in_is_the_same_work_whatever_comes_of_it() {
    every_outcome_takes_one_hash_of_the_configured_cost().await;
    the_profile_is_fetched_while_the_password_is_hashed().await;
    a_hash_of_another_cost_is_renewed().await;
    a_renewal_that_fails_is_left_to_the_next_sign_in().await;
    without_a_profile_or_a_session_nobody_is_signed_in().await;
}

async fn every_outcome_takes_one_hash_of_the_configured_cost() {
    for stored in [6, 5] {
        let mut tables = Tables::new(&hash_of(PASSWORD, stored).await);
        let refused = (StatusCode::UNAUTHORIZED, json!("invalid_credentials"));
        let right = (StatusCode::OK, Value::Null);
        let too_long = "x".repeat(500);
        for (status, email, password, expected) in [
            ("active", "nobody@example.com", PASSWORD, &refused),
            ("active", "nobody@example.com", too_long.as_str(), &refused),
            ("active", "ada@example.com", "difference engine", &refused),
            ("active", "ada@example.com", "x", &refused),
            ("active", "ada@example.com", &too_long, &refused),
            ("disabled", "ada@example.com", "difference engine", &refused),
            ("disabled", "ada@example.com", PASSWORD, &refused),
            ("active", "ada@example.com", PASSWORD, &right),
        ] {
            tables.status = status;
            let before = work();
            let (answered, body) = tables.sign_in(cost(6), email, password).await;
            let what = format!("{status} {email} {password}");
            assert_eq!(&(answered, body["code"].clone()), expected, "{what}");
            // A renewed hash is worked on after the answer is decided, and only for its owner.
            let renewed = if stored < 6 && expected == &right {
                1 << 6
            } else {
                0
            };
            assert_eq!(work() - before - renewed, 1 << 6, "{what}");
        }
        assert_eq!(tables.seen().sessions, 1);
    }
}

async fn the_profile_is_fetched_while_the_password_is_hashed() {
    // Dear enough that the request is made long before the hash is there.
    let tables = Tables::new(&hash_of(PASSWORD, 11).await);
    for (password, expected) in [("difference engine", 401), (PASSWORD, 200)] {
        let before = work();
        let (status, _) = tables.sign_in(cost(11), "ada@example.com", password).await;
        assert_eq!((status.as_u16(), work() - before), (expected, 1 << 11));
        assert_eq!(tables.seen().profile_after.pop(), Some(before));
    }
    assert!(tables.seen().profile_after.is_empty());
}

async fn a_hash_of_another_cost_is_renewed() {
    for (stored, configured) in [(4, 6), (6, 4)] {
        let stored = hash_of(PASSWORD, stored).await;
        let tables = Tables::new(&stored);
        let attempt = tables
            .sign_in(cost(configured), "ada@example.com", "x")
            .await;
        assert_eq!(attempt.0, StatusCode::UNAUTHORIZED);
        assert_eq!(
            tables.seen().renewals,
            [],
            "only a password that is right is hashed"
        );
        let (status, _) = tables
            .sign_in(cost(configured), "ada@example.com", PASSWORD)
            .await;
        assert_eq!(status, StatusCode::OK);
        let (old, new) = tables.seen().renewals.pop().unwrap();
        assert_eq!(old, stored.as_str());
        let new = PasswordHash::parse(&new).unwrap();
        assert_eq!(new.cost(), cost(configured));
        let attempt = PasswordAttempt::parse(PASSWORD).unwrap();
        let verdict = verify(&attempt, Some(&new), cost(configured))
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::Match);
    }
}

async fn a_renewal_that_fails_is_left_to_the_next_sign_in() {
    let changed_meanwhile = || {
        let failed = ConditionalCheckFailedException::builder().build();
        UpdateItemError::ConditionalCheckFailedException(failed)
    };
    let down = || {
        let down = InternalServerError::builder().build();
        UpdateItemError::InternalServerError(down)
    };
    for failure in [changed_meanwhile, down] {
        let mut tables = Tables::new(&hash_of(PASSWORD, 4).await);
        tables.renewal = Some(failure);
        let (status, body) = tables.sign_in(cost(5), "ada@example.com", PASSWORD).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body["accessToken"].is_string());
        assert_eq!(tables.seen().sessions, 1);
    }
}

async fn without_a_profile_or_a_session_nobody_is_signed_in() {
    let mut tables = Tables::new(&hash_of(PASSWORD, 4).await);
    let sign_in = async |tables: &Tables, password| {
        let (status, body) = tables.sign_in(cost(4), "ada@example.com", password).await;
        (status.as_u16(), body["code"].as_str().map(str::to_owned))
    };
    tables.session_is_written = false;
    let unavailable = (503, Some("unavailable".to_owned()));
    assert_eq!(sign_in(&tables, PASSWORD).await, unavailable);
    tables.user = Err(());
    assert_eq!(sign_in(&tables, PASSWORD).await, unavailable);
    // That the table is down tells nothing about the password.
    let refused = (401, Some("invalid_credentials".to_owned()));
    assert_eq!(sign_in(&tables, "difference engine").await, refused);
    tables.user = Ok(false);
    assert_eq!(
        sign_in(&tables, PASSWORD).await,
        refused,
        "deleted a moment ago"
    );
}
