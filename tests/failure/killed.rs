//! A function is killed at each of its calls to AWS, before or after the call. Its operation is done completely or not at
//! all, and a retry succeeds.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::accounts;
use crate::{
    support::{
        PASSWORD, Response, SignedIn,
        faults::FaultySystem,
        hours_from_now,
        interruptions::{Interruption, at_every_call},
    },
    uploads,
};

/// Adds an idempotency key.
fn with_key(request: RequestBuilder) -> RequestBuilder {
    request.header("idempotency-key", "once")
}

#[tokio::test]
async fn a_killed_sign_up_is_complete_or_absent_and_can_be_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    for how in Interruption::KILLS {
        let mut before = accounts(app).await.len();
        at_every_call(
            &system,
            how,
            async |case| {
                let email = format!("{case}@example.com");
                json!({"email": email, "password": PASSWORD, "name": "Ada"})
            },
            async |body| {
                let request = app.request(Method::POST, "/signup").json(body);
                Response::to(request.header("idempotency-key", body["email"].as_str().unwrap()))
                    .await
            },
            async |_, body: Value| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |_| app.new_user("ada@example.com").await,
            async |ada: &SignedIn<'_>| {
                ada.delete("/users/me", &json!({"password": PASSWORD}))
                    .await
            },
            async |_, ada| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |case| {
                let email = format!("{case}@example.com");
                (app.new_user(&email).await, email)
            },
            async |(ada, _)| {
                let body = json!({"currentPassword": PASSWORD, "newPassword": new});
                ada.put("/users/me/password", &body).await
            },
            async |_, (_, email)| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |case| app.new_user(&format!("{case}@example.com")).await,
            async |ada: &SignedIn<'_>| {
                let request = ada.request(Method::POST, "/uploads").json(&body);
                Response::to(with_key(request)).await
            },
            async |_, ada| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |_| {
                let upload = uploads::store_file(&ada, "a.txt", b"hello").await;
                let path = uploads::upload_path(&upload, "");
                let versions = ada.get(&format!("{path}/versions")).await.expect(200);
                ada.delete(&path, &json!(null)).await.expect(204);
                (path, versions.json()["items"][0]["versionId"].clone())
            },
            async |deleted| Response::to(restore(deleted)).await,
            async |_, deleted| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |_| uploads::store_file(&ada, "a.txt", b"hello").await,
            async |upload| Response::to(lock(upload)).await,
            async |_, upload| {
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
    for how in Interruption::KILLS {
        at_every_call(
            &system,
            how,
            async |case| app.new_user(&format!("{case}@example.com")).await,
            async |ada: &SignedIn<'_>| Response::to(refresh(&ada.refresh_token)).await,
            async |_, ada| {
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
