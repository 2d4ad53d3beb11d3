//! A function is killed at each of its calls to AWS, before or after the call. Its operation is done completely or not at
//! all, and a retry succeeds.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::accounts;
use crate::{
    support::{
        PASSWORD, Response, SignedIn,
        faults::{Fault, FaultySystem},
        hours_from_now,
    },
    uploads,
};

/// Kills the functions at their `nth` call (from 0), after or before the call is forwarded. Returns the counter of calls.
fn kill_at(system: &FaultySystem, nth: usize, after_call: bool) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (count, pid) = (Arc::clone(&calls), system.app.pid());
    system.dynamodb.plan(move |_, _| {
        if count.fetch_add(1, Relaxed) != nth {
            return Fault::None;
        }
        Fault::Kill {
            system: pid,
            after_call,
        }
    });
    calls
}

/// Sends requests to a function that is killed at its first call, then at its second, and so on, until a request ends
/// without a kill. Runs `check` after each killed request. `request` builds a new request from what `prepare` returns.
async fn at_every_call<Context>(
    system: &FaultySystem,
    after_call: bool,
    mut prepare: impl AsyncFnMut(usize) -> Context,
    request: impl Fn(&Context) -> RequestBuilder,
    mut check: impl AsyncFnMut(Context, Response),
) {
    for nth in 0.. {
        assert!(nth < 20, "the function makes 20 calls or more");
        system.dynamodb.always(&Fault::None);
        let context = prepare(nth).await;
        let calls = kill_at(system, nth, after_call);
        let response = Response::to(request(&context)).await;
        let was_killed = calls.load(Relaxed) > nth;
        system.dynamodb.always(&Fault::None);
        if !was_killed {
            assert!(response.status < 300, "{}", response.status);
            assert!(nth > 0, "the function made no call");
            return;
        }
        check(context, response).await;
    }
}

/// Adds an idempotency key.
fn with_key(request: RequestBuilder) -> RequestBuilder {
    request.header("idempotency-key", "once")
}

#[tokio::test]
async fn a_killed_sign_up_is_complete_or_absent_and_can_be_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    for after_call in [false, true] {
        let mut before = accounts(app).await.len();
        at_every_call(
            &system,
            after_call,
            async |nth| {
                let email = format!("{nth}-{after_call}@example.com");
                json!({"email": email, "password": PASSWORD, "name": "Ada"})
            },
            |body| {
                let request = app.request(Method::POST, "/signup").json(body);
                request.header("idempotency-key", body["email"].as_str().unwrap())
            },
            async |body: Value, response| {
                assert!(response.status == 201 || response.status >= 500);
                let email = body["email"].as_str().unwrap();
                let request = app.request(Method::POST, "/signup").json(&body);
                let again = Response::to(request.header("idempotency-key", email)).await;
                let user = again.expect(201).json();
                let accounts = accounts(app).await;
                assert_eq!(accounts[email], user["user"]["id"].as_str().unwrap());
                assert_eq!(accounts.len(), before + 1);
                before += 1;
                app.sign_in(email, PASSWORD).await.expect(200);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_killed_account_deletion_is_complete_or_not_done() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |_| app.new_user("ada@example.com").await,
            |ada: &SignedIn<'_>| {
                let body = json!({"password": PASSWORD});
                ada.request(Method::DELETE, "/users/me").json(&body)
            },
            async |ada, response| {
                assert!(response.status == 204 || response.status >= 500);
                // `accounts` checks that both tables agree.
                let is_there = accounts(app).await.contains_key("ada@example.com");
                let again = ada
                    .delete("/users/me", &json!({"password": PASSWORD}))
                    .await;
                assert_eq!(again.status, if is_there { 204 } else { 401 });
                assert!(accounts(app).await.is_empty());
            },
        )
        .await;
        // The last request was not killed.
        assert!(accounts(app).await.is_empty());
    }
}

#[tokio::test]
async fn after_a_killed_password_change_exactly_one_password_works() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let new = "difference engine";
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |nth| {
                let email = format!("{nth}-{after_call}@example.com");
                (app.new_user(&email).await, email)
            },
            |(ada, _)| {
                let body = json!({"currentPassword": PASSWORD, "newPassword": new});
                ada.request(Method::PUT, "/users/me/password").json(&body)
            },
            async |(_, email), response| {
                assert!(response.status == 204 || response.status >= 500);
                // An instance of signin that is being killed, too, answers 502 once.
                let sign_in = async |password: &str| {
                    loop {
                        let status = app.sign_in(&email, password).await.status;
                        if status != 502 {
                            return status;
                        }
                    }
                };
                let (old, new) = (sign_in(PASSWORD).await, sign_in(new).await);
                assert!(matches!((old, new), (200, 401) | (401, 200)), "{old} {new}");
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_killed_upload_request_creates_one_upload_when_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": 5});
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |nth| {
                app.new_user(&format!("{nth}-{after_call}@example.com"))
                    .await
            },
            |ada: &SignedIn<'_>| with_key(ada.request(Method::POST, "/uploads").json(&body)),
            async |ada, response| {
                assert!(response.status == 201 || response.status >= 500);
                let request = ada.request(Method::POST, "/uploads").json(&body);
                let announced = Response::to(with_key(request)).await.expect(201).json();
                let listed = ada.get("/uploads").await.expect(200).json();
                assert_eq!(listed["items"].as_array().unwrap().len(), 1);
                assert_eq!(listed["items"][0]["id"], announced["upload"]["id"]);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_killed_restore_is_done_or_can_be_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let restore = |(path, version): &(String, Value)| {
        ada.request(Method::POST, &format!("{path}/restore"))
            .json(&json!({"versionId": version}))
    };
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |_| {
                let upload = uploads::store_file(&ada, "a.txt", b"hello").await;
                let path = uploads::upload_path(&upload, "");
                let versions = ada.get(&format!("{path}/versions")).await.expect(200);
                ada.delete(&path, &json!(null)).await.expect(204);
                (path, versions.json()["items"][0]["versionId"].clone())
            },
            restore,
            async |deleted, response| {
                assert!(response.status == 200 || response.status >= 500);
                let restored = Response::to(restore(&deleted)).await.expect(200).json();
                assert_eq!(restored["upload"]["status"], "stored");
            },
        )
        .await;
    }
}

/// After a kill, only the record may have the lock; the next request sets it in S3.
#[tokio::test]
async fn a_killed_lock_is_set_or_can_be_retried() {
    let system = FaultySystem::start(10, &["MaxLockDays=3"]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let (until, seconds) = hours_from_now(48);
    let lock = |upload: &Value| {
        let body = json!({"until": until, "password": PASSWORD});
        let path = uploads::upload_path(upload, "/lock");
        ada.request(Method::PUT, &path).json(&body)
    };
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |_| uploads::store_file(&ada, "a.txt", b"hello").await,
            lock,
            async |upload, response| {
                assert!(response.status == 200 || response.status >= 500);
                Response::to(lock(&upload)).await.expect(200);
                let held = app.object_lock(&ada.object_key(&upload)).await.unwrap();
                assert_eq!(held.1, seconds);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_killed_refresh_is_done_or_not_and_can_be_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let refresh = |token: &str| {
        let body = json!({"refreshToken": token});
        app.request(Method::POST, "/session/refresh").json(&body)
    };
    for after_call in [false, true] {
        at_every_call(
            &system,
            after_call,
            async |nth| {
                app.new_user(&format!("{nth}-{after_call}@example.com"))
                    .await
            },
            |ada: &SignedIn<'_>| refresh(&ada.refresh_token),
            async |ada, response| {
                assert!(response.status == 200 || response.status >= 500);
                // The retry is within ten seconds of the rotation.
                let again = Response::to(refresh(&ada.refresh_token)).await.expect(200);
                let next = again.json()["refreshToken"].as_str().unwrap().to_owned();
                assert_ne!(next, ada.refresh_token);
                Response::to(refresh(&next)).await.expect(200);
            },
        )
        .await;
    }
}
