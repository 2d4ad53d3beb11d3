use std::collections::BTreeSet;

use serde_json::json;

use super::{assert_all_unavailable, assert_unavailable};
use crate::support::{
    PASSWORD, SignedIn, eventually,
    faults::{Fault, FaultySystem},
    processes::instances,
};

/// A well-formed token with an unknown signature. Without keys, the functions cannot verify it.
const UNVERIFIABLE_TOKEN: &str = "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2lnbmF0dXJl";

/// The requests that need keys. The first two also sign, with a private key.
const NEED_KEYS: [&str; 5] = ["sign in", "refresh", "get me", "list", "change password"];

/// Seconds that a function has for a request. A function waits so long for its first keys.
const SECONDS: u32 = 3;
/// Seconds from a request to its 503: its start, too, waits for the keys, for two seconds.
const UNTIL_503: u32 = SECONDS + 2;

fn outages(empty: &str) -> [Fault; 7] {
    [
        Fault::Hang,
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
        Fault::error(400, "ThrottlingException"),
        Fault::error(400, "AccessDeniedException"),
        Fault::Respond(200, empty.to_owned()),
        Fault::Respond(200, "<html>".to_owned()),
    ]
}

/// Applies a fault to the requests for public keys, and forwards all others.
fn fail_public_keys(system: &FaultySystem, fault: &Fault) {
    let fault = fault.clone();
    system.dynamodb.plan(move |operation, _| match operation {
        "Scan" => fault.clone(),
        _ => Fault::None,
    });
}

#[tokio::test]
async fn without_private_keys_no_token_is_signed_until_they_are_available() {
    let faults = outages(&json!({"Parameters": []}).to_string());
    FaultySystem::each(SECONDS, faults, async |system, fault| {
        system.ssm.always(&fault);
        let unavailable = assert_unavailable_until(&system, &NEED_KEYS[..2], async || {
            system.ssm.always(&Fault::None);
        });
        Box::pin(unavailable).await;
    })
    .await;
}

#[tokio::test]
async fn without_private_keys_tokens_are_still_verified() {
    let system = FaultySystem::start(SECONDS, &[]).await;
    let app = &system.app;
    system.ssm.always(&Fault::Hang);
    let caller = SignedIn::with_token(app, UNVERIFIABLE_TOKEN.to_owned());
    caller.get("/users/me").await.expect(401);
    app.get("/.well-known/jwks.json").await.expect(200);
}

#[tokio::test]
async fn without_public_keys_requests_are_a_503_until_they_are_available() {
    let faults = outages(&json!({"Items": [], "Count": 0, "ScannedCount": 0}).to_string());
    FaultySystem::each(SECONDS, faults, async |system, fault| {
        fail_public_keys(&system, &fault);
        let jwks = system.app.get("/.well-known/jwks.json");
        assert_unavailable(&jwks.await, "jwks.json");
        let unavailable = assert_unavailable_until(&system, &NEED_KEYS, async || {
            fail_public_keys(&system, &Fault::None);
        });
        Box::pin(unavailable).await;
    })
    .await;
}

/// Asserts that requests are a 503 during a fault, and succeed after `end` without a restart.
async fn assert_unavailable_until(
    system: &FaultySystem,
    requests: &[&str],
    end: impl AsyncFnOnce(),
) {
    let app = &system.app;
    let caller = SignedIn::with_token(app, UNVERIFIABLE_TOKEN.to_owned());
    assert_all_unavailable(app, &caller, requests, UNTIL_503).await;
    // Sign-up reads no keys.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);

    let running = instances(app.pid());
    end().await;
    let sign_in = async || app.sign_in("ada@example.com", PASSWORD).await;
    eventually(async || sign_in().await.status == 200).await;
    let ada = SignedIn::new(app, sign_in().await);
    eventually(async || ada.get("/users/me").await.status == 200).await;
    eventually(async || app.get("/.well-known/jwks.json").await.status == 200).await;
    for instance in running {
        assert!(
            instances(app.pid()).contains(&instance),
            "no function was restarted"
        );
    }
}

/// A throttled request is repeated: the first sign-in waits for its keys instead of failing.
#[tokio::test]
async fn a_throttled_parameter_store_delays_the_first_sign_in() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let throttled = Fault::error(400, "ThrottlingException");
    system.ssm.fail_next("GetParametersByPath", 7, throttled);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_unreachable_parameter_store_is_used_once_it_returns() {
    let system = FaultySystem::start(SECONDS, &[]).await;
    let app = &system.app;
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    system.ssm.stop_listening().await;
    let caller = SignedIn::with_token(app, UNVERIFIABLE_TOKEN.to_owned());
    assert_all_unavailable(app, &caller, &NEED_KEYS[..2], UNTIL_503).await;
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
        Fault::Respond(200, json!({"Parameters": [], "Items": []}).to_string()),
        Fault::Hang,
    ] {
        let (called, is_called) = std::sync::mpsc::channel();
        let (response, also_called) = (fault.clone(), called.clone());
        system.ssm.plan(move |_, _| {
            let _ = called.send("private");
            response.clone()
        });
        let response = fault.clone();
        system.dynamodb.plan(move |operation, _| {
            if operation != "Scan" {
                return Fault::None;
            }
            let _ = also_called.send("public");
            response.clone()
        });
        // Until a refresh of the keys has failed in both kinds of functions, and then once more.
        let mut failed = BTreeSet::new();
        eventually(async || {
            ada.get("/users/me").await.expect(200);
            app.sign_in("ada@example.com", PASSWORD).await.expect(200);
            failed.extend(is_called.try_iter());
            failed.len() == 2
        })
        .await;
        ada.get("/users/me").await.expect(200);
        app.sign_in("ada@example.com", PASSWORD).await.expect(200);
        app.get("/.well-known/jwks.json").await.expect(200);
    }
    system.ssm.always(&Fault::None);
    system.dynamodb.always(&Fault::None);
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
        app.log().matches("keys_not_read").count() >= 2
    })
    .await;
}
