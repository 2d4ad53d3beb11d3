//! Sign-in with a mocked database.

mod tables;

use auth::password::{Cost, PasswordHash, Verdict, hash, verify, work};
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::error::{ConditionalCheckFailedException, InternalServerError},
};
use domain::{Password, PasswordAttempt};
use http::StatusCode;

use time::Duration;

use self::tables::{Guesses, NOW, Tables};

const PASSWORD: &str = "analytical engine";

fn cost(number: u32) -> Cost {
    Cost::new(number).unwrap()
}

async fn hash_of(password: &str, number: u32) -> PasswordHash {
    let password = Password::parse(password).unwrap();
    hash(&password, cost(number)).await.unwrap()
}

/// One test, because the work is counted for the whole process, concurrent tests included.
#[tokio::test]
async fn a_sign_in_does_the_same_work_for_all_outcomes() {
    every_refusal_takes_one_hash_of_the_configured_cost().await;
    the_user_is_read_while_the_password_is_hashed().await;
    a_hash_of_another_cost_is_renewed().await;
    a_failed_renewal_does_not_refuse_the_sign_in().await;
    a_sign_in_without_a_user_or_a_session_is_refused().await;
}

async fn every_refusal_takes_one_hash_of_the_configured_cost() {
    for stored in [6, 5] {
        let mut tables = Tables::new(&hash_of(PASSWORD, stored).await);
        let (unknown, ada) = ("unknown@example.com", "ada@example.com");
        let wrong = "difference engine";
        let too_long = "x".repeat(500);
        let mut refusals = Vec::new();
        for (status, guesses, email, password) in [
            ("active", NO_FAILURES, unknown, PASSWORD),
            ("active", NO_FAILURES, unknown, &too_long),
            ("active", NO_FAILURES, ada, wrong),
            ("active", NO_FAILURES, ada, "x"),
            ("active", NO_FAILURES, ada, &too_long),
            ("active", FOUR_FAILURES, ada, wrong),
            ("active", locked_for(1), ada, wrong),
            ("active", locked_for(1), ada, PASSWORD),
            ("active", locked_for(900_000), ada, PASSWORD),
            ("active", locked_for(0), ada, wrong),
            ("active", locked_for(-1), ada, wrong),
            ("active", AFTER_A_BURST, ada, wrong),
            ("disabled", NO_FAILURES, ada, wrong),
            ("disabled", NO_FAILURES, ada, PASSWORD),
            ("disabled", locked_for(1), ada, PASSWORD),
            ("disabled", locked_for(0), ada, PASSWORD),
        ] {
            tables.status = status;
            *tables.guesses() = guesses;
            let before = work();
            let (found, body) = tables.sign_in(cost(6), email, password).await;
            let case = format!("{status} {guesses:?} {email} {password}");
            assert_eq!(found, StatusCode::UNAUTHORIZED, "{case}");
            assert_eq!(body["code"], "invalid_credentials", "{case}");
            assert_eq!(work() - before, 1 << 6, "{case}");
            let mut requests = std::mem::take(&mut tables.observed().requests);
            requests.sort_unstable();
            refusals.push((case, body, requests));
        }
        let (_, body, requests) = &refusals[0];
        let expected = [
            ("GetItem", "credentials"),
            ("GetItem", "users"),
            ("UpdateItem", "credentials"),
        ];
        assert_eq!(requests, &expected);
        for (case, other_body, other_requests) in &refusals {
            assert_eq!((other_body, other_requests), (body, requests), "{case}");
        }
        assert_eq!(tables.observed().sessions, 0);
        the_right_password_is_accepted(&mut tables, stored).await;
    }
}

const NO_FAILURES: Guesses = Guesses {
    failures: 0,
    locked_until: None,
};
const FOUR_FAILURES: Guesses = Guesses {
    failures: 4,
    ..NO_FAILURES
};
const AFTER_A_BURST: Guesses = Guesses {
    failures: 200,
    ..NO_FAILURES
};

/// The state of an account that is locked for this many milliseconds.
fn locked_for(milliseconds: i64) -> Guesses {
    let until = NOW + Duration::milliseconds(milliseconds);
    Guesses {
        failures: 5,
        locked_until: Some(until.unix_timestamp_nanos() / 1_000_000),
    }
}

/// Without a lock, or after its end. The failure count is then reset, which takes a write only if there were failures.
async fn the_right_password_is_accepted(tables: &mut Tables, stored: u32) {
    tables.status = "active";
    for (guesses, updates) in [
        (NO_FAILURES, 0),
        (FOUR_FAILURES, 1),
        (locked_for(0), 2),
        (AFTER_A_BURST, 2),
    ] {
        *tables.guesses() = guesses;
        let before = work();
        let (status, _) = tables.sign_in(cost(6), "ada@example.com", PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{guesses:?}");
        // The hash is renewed after the password was accepted, so it reveals nothing.
        let renewal = if stored < 6 { 1 << 6 } else { 0 };
        assert_eq!(work() - before - renewal, 1 << 6, "{guesses:?}");
        let requests = std::mem::take(&mut tables.observed().requests);
        let update = |request: &&(&str, &str)| request.0 == "UpdateItem";
        assert_eq!(
            requests.iter().filter(update).count(),
            updates,
            "{guesses:?}"
        );
        assert_eq!(requests.len(), 3 + updates, "{guesses:?}");
        assert_eq!(*tables.guesses(), NO_FAILURES);
    }
}

async fn the_user_is_read_while_the_password_is_hashed() {
    // The cost is so high that the read starts long before the hash is computed.
    let tables = Tables::new(&hash_of(PASSWORD, 11).await);
    for (password, expected) in [("difference engine", 401), (PASSWORD, 200)] {
        let before = work();
        let (status, _) = tables.sign_in(cost(11), "ada@example.com", password).await;
        assert_eq!((status.as_u16(), work() - before), (expected, 1 << 11));
        assert_eq!(tables.observed().work_at_user_read.pop(), Some(before));
    }
    assert!(tables.observed().work_at_user_read.is_empty());
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
            tables.observed().renewals,
            [],
            "only a right password is rehashed"
        );
        let (status, _) = tables
            .sign_in(cost(configured), "ada@example.com", PASSWORD)
            .await;
        assert_eq!(status, StatusCode::OK);
        let (old, new) = tables.observed().renewals.pop().unwrap();
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

async fn a_failed_renewal_does_not_refuse_the_sign_in() {
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
        assert_eq!(tables.observed().sessions, 1);
    }
}

async fn a_sign_in_without_a_user_or_a_session_is_refused() {
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
    // The outage of the users table does not reveal whether the password is right.
    let refused = (401, Some("invalid_credentials".to_owned()));
    assert_eq!(sign_in(&tables, "difference engine").await, refused);
    tables.user = Ok(false);
    assert_eq!(
        sign_in(&tables, PASSWORD).await,
        refused,
        "the user was deleted meanwhile"
    );
}
