use serde_json::json;

use super::{assert_all_unavailable, assert_unavailable};
use crate::support::{
    PASSWORD, SignedIn, eventually,
    faults::{Fault, FaultySystem},
    processes::instances,
    run_concurrently,
};

/// A well-formed token with an unknown signature. Without keys, the functions cannot verify it.
const UNVERIFIABLE_TOKEN: &str = "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2lnbmF0dXJl";

const NEED_KEYS: [&str; 5] = ["sign in", "refresh", "get me", "list", "change password"];

#[tokio::test]
async fn without_signing_keys_requests_are_a_503_until_keys_are_available() {
    let faults = [
        Fault::Hang,
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
        Fault::error(400, "ThrottlingException"),
        Fault::error(400, "AccessDeniedException"),
        Fault::Respond(200, json!({"Parameters": []}).to_string()),
        Fault::Respond(200, "<html>".to_owned()),
    ];
    run_concurrently(faults.map(assert_unavailable_without_keys)).await;
}

/// Asserts that requests that need keys are a 503 during a fault, and succeed afterwards without a restart.
async fn assert_unavailable_without_keys(fault: Fault) {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    system.ssm.always(&fault);
    let caller = SignedIn::with_token(app, UNVERIFIABLE_TOKEN.to_owned());
    assert_all_unavailable(app, &caller, &NEED_KEYS, 10).await;
    assert_unavailable(&app.get("/.well-known/jwks.json").await, "jwks.json");
    // Sign-up reads no parameters.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);

    let running = instances(app.pid());
    system.ssm.always(&Fault::None);
    let sign_in = async || app.sign_in("ada@example.com", PASSWORD).await;
    eventually(async || sign_in().await.status == 200).await;
    let ada = SignedIn::new(app, sign_in().await);
    eventually(async || ada.get("/users/me").await.status == 200).await;
    eventually(async || app.get("/.well-known/jwks.json").await.status == 200).await;
    assert_eq!(instances(app.pid()), running, "no function was restarted");
}

#[tokio::test]
async fn an_unreachable_parameter_store_is_used_once_it_returns() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    system.ssm.stop_listening().await;
    let caller = SignedIn::with_token(app, UNVERIFIABLE_TOKEN.to_owned());
    assert_all_unavailable(app, &caller, &NEED_KEYS, 10).await;
    system.ssm.listen_again().await;
    eventually(async || app.sign_in("ada@example.com", PASSWORD).await.status == 200).await;
    let ada = SignedIn::new(app, app.sign_in("ada@example.com", PASSWORD).await);
    eventually(async || ada.get("/users/me").await.status == 200).await;
}

/// The cached keys expire after a second here.
#[tokio::test]
async fn the_last_valid_keys_are_used_while_new_ones_cannot_be_read() {
    let system = FaultySystem::start(10, &["ParameterCacheSeconds=1"]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    app.get("/.well-known/jwks.json").await.expect(200);
    for fault in [
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
        Fault::Respond(200, json!({"Parameters": []}).to_string()),
        Fault::Hang,
    ] {
        let (called, is_called) = std::sync::mpsc::channel();
        let response = fault.clone();
        system.ssm.plan(move |_, _| {
            let _ = called.send(());
            response.clone()
        });
        // Until a refresh of the keys has failed, and then once more.
        eventually(async || {
            ada.get("/users/me").await.expect(200);
            is_called.try_recv().is_ok()
        })
        .await;
        ada.get("/users/me").await.expect(200);
        app.sign_in("ada@example.com", PASSWORD).await.expect(200);
        app.get("/.well-known/jwks.json").await.expect(200);
    }
    system.ssm.always(&Fault::None);
    ada.get("/users/me").await.expect(200);
}

/// The valid keys stay in use.
#[tokio::test]
async fn an_invalid_key_does_not_replace_valid_ones() {
    let system = FaultySystem::start(10, &["ParameterCacheSeconds=1"]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    for (name, value) in [
        ("keys/public/broken", "{}"),
        ("keys/private/broken", "not JSON"),
    ] {
        app.put_parameter(name, value).await;
    }
    eventually(async || {
        ada.get("/users/me").await.expect(200);
        app.sign_in("ada@example.com", PASSWORD).await.expect(200);
        app.log().matches("secrets_not_read").count() >= 2
    })
    .await;
}
