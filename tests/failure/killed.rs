//! A function that is killed at any of its calls to AWS, before the call is done or after: what it was doing is done
//! or not, never half, and whoever asks again gets there.

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

/// From now on, the functions are killed at their `nth` call (from 0), which is done nevertheless or is not. Counts
/// the calls.
fn kill_at(system: &FaultySystem, nth: usize, is_done: bool) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (count, pid) = (Arc::clone(&calls), system.app.pid());
    system.dynamodb.plan(move |_, _| {
        if count.fetch_add(1, Relaxed) != nth {
            return Fault::None;
        }
        Fault::Kill {
            system: pid,
            after_call: is_done,
        }
    });
    calls
}

/// Sends a request again and again, each time to a function that is killed one call later, until one gets through to
/// the end; `check` looks at what is there after each that did not. `request` makes one that nobody has sent before.
async fn at_every_call<Context>(
    system: &FaultySystem,
    is_done: bool,
    mut prepare: impl AsyncFnMut(usize) -> Context,
    request: impl Fn(&Context) -> RequestBuilder,
    mut check: impl AsyncFnMut(Context, Response),
) {
    for nth in 0.. {
        assert!(nth < 20, "it does not end");
        system.dynamodb.always(&Fault::None);
        let context = prepare(nth).await;
        let calls = kill_at(system, nth, is_done);
        let answer = Response::to(request(&context)).await;
        let was_killed = calls.load(Relaxed) > nth;
        system.dynamodb.always(&Fault::None);
        if !was_killed {
            assert!(answer.status < 300, "{}", answer.status);
            assert!(nth > 0, "it asked nobody");
            return;
        }
        check(context, answer).await;
    }
}

fn with_key(request: RequestBuilder) -> RequestBuilder {
    request.header("idempotency-key", "once")
}

#[tokio::test]
async fn a_sign_up_is_there_or_not_and_can_be_sent_again() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    for is_done in [false, true] {
        let mut before = accounts(app).await.len();
        at_every_call(
            &system,
            is_done,
            async |nth| {
                let email = format!("{nth}-{is_done}@example.com");
                json!({"email": email, "password": PASSWORD, "name": "Ada"})
            },
            |body| {
                let request = app.request(Method::POST, "/signup").json(body);
                request.header("idempotency-key", body["email"].as_str().unwrap())
            },
            async |body: Value, answer| {
                assert!(answer.status == 201 || answer.status >= 500);
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
async fn a_deleted_account_is_gone_or_there() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |_| app.new_user("ada@example.com").await,
            |ada: &SignedIn<'_>| {
                let body = json!({"password": PASSWORD});
                ada.request(Method::DELETE, "/users/me").json(&body)
            },
            async |ada, answer| {
                assert!(answer.status == 204 || answer.status >= 500);
                // Both tables agree, which `accounts` looks at.
                let is_there = accounts(app).await.contains_key("ada@example.com");
                let again = ada
                    .delete("/users/me", &json!({"password": PASSWORD}))
                    .await;
                assert_eq!(again.status, if is_there { 204 } else { 401 });
                assert!(accounts(app).await.is_empty());
            },
        )
        .await;
        // The last one went through.
        assert!(accounts(app).await.is_empty());
    }
}

#[tokio::test]
async fn a_new_password_counts_or_the_old_one_does() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let new = "difference engine";
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |nth| {
                let email = format!("{nth}-{is_done}@example.com");
                (app.new_user(&email).await, email)
            },
            |(ada, _)| {
                let body = json!({"currentPassword": PASSWORD, "newPassword": new});
                ada.request(Method::PUT, "/users/me/password").json(&body)
            },
            async |(_, email), answer| {
                assert!(answer.status == 204 || answer.status >= 500);
                let old = app.sign_in(&email, PASSWORD).await.status;
                let new = app.sign_in(&email, new).await.status;
                assert!(matches!((old, new), (200, 401) | (401, 200)), "{old} {new}");
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_upload_is_announced_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": 5});
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |nth| app.new_user(&format!("{nth}-{is_done}@example.com")).await,
            |ada: &SignedIn<'_>| with_key(ada.request(Method::POST, "/uploads").json(&body)),
            async |ada, answer| {
                assert!(answer.status == 201 || answer.status >= 500);
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
async fn a_restoration_is_done_or_can_be_asked_for_again() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let restore = |(path, version): &(String, Value)| {
        ada.request(Method::POST, &format!("{path}/restore"))
            .json(&json!({"versionId": version}))
    };
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |_| {
                let upload = uploads::store(&ada, "a.txt", b"hello").await;
                let path = uploads::path(&upload, "");
                let versions = ada.get(&format!("{path}/versions")).await.expect(200);
                ada.delete(&path, &json!(null)).await.expect(204);
                (path, versions.json()["items"][0]["versionId"].clone())
            },
            restore,
            async |deleted, answer| {
                assert!(answer.status == 200 || answer.status >= 500);
                let restored = Response::to(restore(&deleted)).await.expect(200).json();
                assert_eq!(restored["upload"]["status"], "stored");
            },
        )
        .await;
    }
}

/// Without a lock in S3 the record says so at most for too long, and the next request makes it true.
#[tokio::test]
async fn a_lock_is_set_or_can_be_asked_for_again() {
    let system = FaultySystem::start(10, &["MaxLockDays=3"]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let (until, seconds) = hours_from_now(48);
    let lock = |upload: &Value| {
        let body = json!({"until": until, "password": PASSWORD});
        let path = uploads::path(upload, "/lock");
        ada.request(Method::PUT, &path).json(&body)
    };
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |_| uploads::store(&ada, "a.txt", b"hello").await,
            lock,
            async |upload, answer| {
                assert!(answer.status == 200 || answer.status >= 500);
                Response::to(lock(&upload)).await.expect(200);
                let held = app.object_lock(&ada.object_key(&upload)).await.unwrap();
                assert_eq!(held.1, seconds);
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_refresh_is_done_or_not_and_can_be_asked_for_again() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let refresh = |token: &str| {
        let body = json!({"refreshToken": token});
        app.request(Method::POST, "/session/refresh").json(&body)
    };
    for is_done in [false, true] {
        at_every_call(
            &system,
            is_done,
            async |nth| app.new_user(&format!("{nth}-{is_done}@example.com")).await,
            |ada: &SignedIn<'_>| refresh(&ada.refresh_token),
            async |ada, answer| {
                assert!(answer.status == 200 || answer.status >= 500);
                // At once, which is within the ten seconds.
                let again = Response::to(refresh(&ada.refresh_token)).await.expect(200);
                let next = again.json()["refreshToken"].as_str().unwrap().to_owned();
                assert_ne!(next, ada.refresh_token);
                Response::to(refresh(&next)).await.expect(200);
            },
        )
        .await;
    }
}
