use std::collections::{HashMap, HashSet};

use reqwest::Method;
use serde_json::json;

use super::{accounts, assert_unavailable};
use crate::support::{
    PASSWORD, Response,
    faults::{Fault, FaultySystem},
};

const TRANSACTION: &str = "TransactWriteItems";

#[tokio::test]
async fn a_sign_up_whose_reply_is_lost_creates_one_account_and_no_conflict() {
    let system = FaultySystem::start(10, &[]).await;
    for (i, losses) in [1, 2, 4].into_iter().enumerate() {
        let email = format!("{i}@example.com");
        system
            .dynamodb
            .fail_next(TRANSACTION, losses, Fault::LostReply);
        let user = system
            .app
            .sign_up(&email, PASSWORD)
            .await
            .expect(201)
            .json();
        let accounts = accounts(&system.app).await;
        assert_eq!(accounts.len(), i + 1);
        assert_eq!(accounts[&email], user["user"]["id"].as_str().unwrap());
        system.app.sign_in(&email, PASSWORD).await.expect(200);
        system.app.sign_up(&email, PASSWORD).await.expect(409);
    }
}

#[tokio::test]
async fn a_hundred_lost_replies_cause_no_false_conflict() {
    let system = FaultySystem::start(30, &[]).await;
    system.dynamodb.plan({
        // The reply to the first attempt of each transaction is lost after the commit.
        let mut seen = HashSet::new();
        move |operation, body| {
            let token = body["ClientRequestToken"].as_str().map(str::to_owned);
            if operation == TRANSACTION && seen.insert(token) {
                Fault::LostReply
            } else {
                Fault::None
            }
        }
    });
    let sign_up = |i: usize| {
        let body =
            json!({"email": format!("{i}@example.com"), "password": PASSWORD, "name": "Ada"});
        let request = system.app.request(Method::POST, "/signup");
        tokio::spawn(Response::to(request.json(&body)))
    };
    let responses: Vec<_> = (0..100).map(sign_up).collect();
    for response in responses {
        response.await.unwrap().expect(201);
    }
    assert_eq!(accounts(&system.app).await.len(), 100);
}

/// The account exists, but the client got no success. The idempotency key identifies the retry.
#[tokio::test]
async fn a_sign_up_whose_replies_are_all_lost_is_replayed_by_its_idempotency_key() {
    let system = FaultySystem::start(4, &[]).await;
    let app = &system.app;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let sign_up = || {
        let request = app.request(Method::POST, "/signup").json(&body);
        Response::to(request.header("idempotency-key", "once"))
    };
    system
        .dynamodb
        .fail_next(TRANSACTION, usize::MAX, Fault::LostReply);
    assert_unavailable(&sign_up().await, "the outcome is unknown");
    system.dynamodb.always(&Fault::None);
    let before = accounts(app).await;
    assert_eq!(before.len(), 1);
    let user = sign_up().await.expect(201).json();
    assert_eq!(
        user["user"]["id"].as_str(),
        before.values().next().map(String::as_str)
    );
    assert_eq!(accounts(app).await, before);
    app.sign_up("ada@example.com", PASSWORD).await.expect(409);
}

#[tokio::test]
async fn a_sign_up_retries_transaction_conflicts() {
    let system = FaultySystem::start(10, &[]).await;
    for (i, fault) in [
        Fault::cancelled(&["TransactionConflict", "None"]),
        Fault::cancelled(&["None", "TransactionConflict"]),
        Fault::cancelled(&["None", "ThrottlingError"]),
        Fault::cancelled(&["ProvisionedThroughputExceeded", "None"]),
        Fault::error(400, "TransactionInProgressException"),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("{i}@example.com");
        system.dynamodb.fail_next(TRANSACTION, 5, fault);
        system.app.sign_up(&email, PASSWORD).await.expect(201);
        assert!(accounts(&system.app).await.contains_key(&email));
    }
}

#[tokio::test]
async fn a_persistent_transaction_conflict_is_a_503_and_not_a_409() {
    let system = FaultySystem::start(3, &[]).await;
    let ada = system.app.new_user("ada@example.com").await;
    let before = accounts(&system.app).await;
    for fault in [
        Fault::cancelled(&["TransactionConflict", "None", "None"]),
        Fault::cancelled(&["None", "ThrottlingError", "None"]),
        Fault::cancelled(&["ValidationError", "None", "None"]),
        Fault::error(400, "TransactionInProgressException"),
        Fault::error(400, "IdempotentParameterMismatchException"),
    ] {
        system.dynamodb.fail_next(TRANSACTION, usize::MAX, fault);
        super::assert_all_unavailable(
            &system.app,
            &ada,
            &["sign up", "change password", "delete"],
            3,
        )
        .await;
        assert_eq!(accounts(&system.app).await, before);
    }
}

/// Each transaction, identified by its token, meets up to three faults before it succeeds.
#[tokio::test]
async fn of_many_sign_ups_over_a_faulty_connection_exactly_one_wins() {
    let system = FaultySystem::start(30, &[]).await;
    let mut tries: HashMap<String, usize> = HashMap::new();
    system.dynamodb.plan(move |operation, body| {
        if operation != TRANSACTION {
            return Fault::None;
        }
        let others = tries.len();
        let token = body["ClientRequestToken"].as_str().unwrap().to_owned();
        let at = tries.entry(token).or_insert(others % 4);
        *at += 1;
        match at {
            1 => Fault::LostReply,
            2 => Fault::cancelled(&["TransactionConflict", "None"]),
            3 => Fault::Disconnect,
            _ => Fault::None,
        }
    });
    for round in 0..3 {
        let sign_up = |i: u32| {
            let local = if i.is_multiple_of(2) { "Ada" } else { "aDA" };
            let email = format!("{local}{round}@example.com");
            let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
            let request = system.app.request(Method::POST, "/signup");
            tokio::spawn(Response::to(request.json(&body)))
        };
        let responses: Vec<_> = (0..30).map(sign_up).collect();
        let mut statuses = Vec::new();
        for response in responses {
            statuses.push(response.await.unwrap().status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201, "{statuses:?}");
        assert!(
            statuses[1..].iter().all(|status| *status == 409),
            "{statuses:?}"
        );
        assert_eq!(accounts(&system.app).await.len(), round + 1);
    }
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_is_applied_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let etag = ada
        .get("/users/me")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    assert_eq!(etag, "\"1\"");

    system.dynamodb.fail_next("UpdateItem", 2, Fault::LostReply);
    let patch = ada
        .request(Method::PATCH, "/users/me")
        .json(&json!({"name": "Countess"}));
    let response = Response::to(patch.header("if-match", &etag))
        .await
        .expect(200);
    assert_eq!(response.header("etag"), Some("\"2\""));
    assert_eq!(ada.get("/users/me").await.header("etag"), Some("\"2\""));

    system.dynamodb.fail_next(TRANSACTION, 2, Fault::LostReply);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
    ada.put("/users/me/password", &change).await.expect(204);
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    app.sign_in("ada@example.com", "difference engine")
        .await
        .expect(200);

    system.dynamodb.fail_next("PutItem", 2, Fault::LostReply);
    app.sign_in("ada@example.com", "difference engine")
        .await
        .expect(200);

    system.dynamodb.fail_next(TRANSACTION, 2, Fault::LostReply);
    let proof = json!({"password": "difference engine"});
    ada.delete("/users/me", &proof).await.expect(204);
    assert!(accounts(app).await.is_empty());
    app.new_user("ada@example.com").await;
}
