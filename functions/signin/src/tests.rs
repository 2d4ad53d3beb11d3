//! Sign-in with a database that answers as each test needs it.

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
        let (nobody, ada) = ("nobody@example.com", "ada@example.com");
        let wrong = "difference engine";
        let too_long = "x".repeat(500);
        let mut refusals = Vec::new();
        for (status, guesses, email, password) in [
            ("active", FREE, nobody, PASSWORD),
            ("active", FREE, nobody, &too_long),
            ("active", FREE, ada, wrong),
            ("active", FREE, ada, "x"),
            ("active", FREE, ada, &too_long),
            ("active", LAST_FREE, ada, wrong),
            ("active", waiting(1), ada, wrong),
            ("active", waiting(1), ada, PASSWORD),
            ("active", waiting(900_000), ada, PASSWORD),
            ("active", waiting(0), ada, wrong),
            ("active", waiting(-1), ada, wrong),
            ("active", AFTER_A_BURST, ada, wrong),
            ("disabled", FREE, ada, wrong),
            ("disabled", FREE, ada, PASSWORD),
            ("disabled", waiting(1), ada, PASSWORD),
            ("disabled", waiting(0), ada, PASSWORD),
        ] {
            tables.status = status;
            *tables.guesses() = guesses;
            let before = work();
            let (answered, body) = tables.sign_in(cost(6), email, password).await;
            let what = format!("{status} {guesses:?} {email} {password}");
            assert_eq!(answered, StatusCode::UNAUTHORIZED, "{what}");
            assert_eq!(body["code"], "invalid_credentials", "{what}");
            assert_eq!(work() - before, 1 << 6, "{what}");
            let mut requests = std::mem::take(&mut tables.seen().requests);
            requests.sort_unstable();
            refusals.push((what, body, requests));
        }
        let (_, body, requests) = &refusals[0];
        let asked = [
            ("GetItem", "credentials"),
            ("GetItem", "users"),
            ("UpdateItem", "credentials"),
        ];
        assert_eq!(requests, &asked);
        for (what, other, others_requests) in &refusals {
            assert_eq!((other, others_requests), (body, requests), "{what}");
        }
        assert_eq!(tables.seen().sessions, 0);
        the_owner_is_let_in(&mut tables, stored).await;
    }
}

const FREE: Guesses = Guesses {
    failures: 0,
    locked_until: None,
};
const LAST_FREE: Guesses = Guesses {
    failures: 4,
    ..FREE
};
const AFTER_A_BURST: Guesses = Guesses {
    failures: 200,
    ..FREE
};

/// The wait is over in so many milliseconds.
fn waiting(milliseconds: i64) -> Guesses {
    let until = NOW + Duration::milliseconds(milliseconds);
    Guesses {
        failures: 5,
        locked_until: Some(until.unix_timestamp_nanos() / 1_000_000),
    }
}

/// Without a wait, or when it is over. What was counted is forgotten then, and only then is there something to write.
async fn the_owner_is_let_in(tables: &mut Tables, stored: u32) {
    tables.status = "active";
    for (guesses, updates) in [
        (FREE, 0),
        (LAST_FREE, 1),
        (waiting(0), 2),
        (AFTER_A_BURST, 2),
    ] {
        *tables.guesses() = guesses;
        let before = work();
        let answer = tables.sign_in(cost(6), "ada@example.com", PASSWORD).await;
        assert_eq!(answer.0, StatusCode::OK, "{guesses:?}");
        // A renewed hash is worked on after the answer is decided, and only for its owner.
        let renewed = if stored < 6 { 1 << 6 } else { 0 };
        assert_eq!(work() - before - renewed, 1 << 6, "{guesses:?}");
        let requests = std::mem::take(&mut tables.seen().requests);
        let update = |request: &&(&str, &str)| request.0 == "UpdateItem";
        assert_eq!(
            requests.iter().filter(update).count(),
            updates,
            "{guesses:?}"
        );
        assert_eq!(requests.len(), 3 + updates, "{guesses:?}");
        assert_eq!(*tables.guesses(), FREE);
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
