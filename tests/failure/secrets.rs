use serde_json::json;

use super::{all_are_unavailable, assert_is_unavailable};
use crate::support::{
    PASSWORD, SignedIn, eventually,
    faults::{Fault, FaultySystem},
    processes::instances,
    run_concurrently,
};

/// A token of somebody's, from another run or another place: without keys, nobody can tell what it is worth.
const SOME_TOKEN: &str = "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2lnbmF0dXJl";

const NEED_KEYS: [&str; 5] = ["sign in", "refresh", "see me", "list", "new password"];

#[tokio::test]
async fn without_keys_nobody_is_let_in_until_there_are_some() {
    let faults = [
        Fault::Hang,
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
        Fault::error(400, "ThrottlingException"),
        Fault::error(400, "AccessDeniedException"),
        Fault::Respond(200, json!({"Parameters": []}).to_string()),
        Fault::Respond(200, "<html>".to_owned()),
    ];
    run_concurrently(faults.map(fails_closed)).await;
}

async fn fails_closed(fault: Fault) {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    system.ssm.always(&fault);
    let somebody = SignedIn::with_token(app, SOME_TOKEN.to_owned());
    all_are_unavailable(app, &somebody, &NEED_KEYS, 10).await;
    assert_is_unavailable(&app.get("/.well-known/jwks.json").await, "the keys");
    // It has no secrets, and asks for none.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);

    let running = instances(app.pid());
    system.ssm.always(&Fault::None);
    let sign_in = async || app.sign_in("ada@example.com", PASSWORD).await;
    eventually(async || sign_in().await.status == 200).await;
    let ada = SignedIn::new(app, sign_in().await);
    eventually(async || ada.get("/users/me").await.status == 200).await;
    eventually(async || app.get("/.well-known/jwks.json").await.status == 200).await;
    assert_eq!(instances(app.pid()), running, "nothing had to be restarted");
}

#[tokio::test]
async fn a_parameter_store_that_is_not_there_is_found_when_it_is() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    system.ssm.stop_listening().await;
    let somebody = SignedIn::with_token(app, SOME_TOKEN.to_owned());
    all_are_unavailable(app, &somebody, &NEED_KEYS, 10).await;
    system.ssm.listen_again().await;
    eventually(async || app.sign_in("ada@example.com", PASSWORD).await.status == 200).await;
    let ada = SignedIn::new(app, app.sign_in("ada@example.com", PASSWORD).await);
    eventually(async || ada.get("/users/me").await.status == 200).await;
}

/// Their lifetime is over at once here.
#[tokio::test]
async fn the_last_good_keys_are_used_while_no_others_can_be_had() {
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
        let (asked, is_asked) = std::sync::mpsc::channel();
        let answer = fault.clone();
        system.ssm.plan(move |_, _| {
            let _ = asked.send(());
            answer.clone()
        });
        // Until somebody has asked in vain, and then once more.
        eventually(async || {
            ada.get("/users/me").await.expect(200);
            is_asked.try_recv().is_ok()
        })
        .await;
        ada.get("/users/me").await.expect(200);
        app.sign_in("ada@example.com", PASSWORD).await.expect(200);
        app.get("/.well-known/jwks.json").await.expect(200);
    }
    system.ssm.always(&Fault::None);
    ada.get("/users/me").await.expect(200);
}

/// A key that is broken is not a reason to forget the ones that were good.
#[tokio::test]
async fn a_broken_key_is_not_taken_for_a_good_one() {
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
