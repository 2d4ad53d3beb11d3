use reqwest::Method;
use serde_json::json;

use super::{assert_has_ended, next_token, refresh, session_item, sign_out, sign_out_everywhere};
use crate::support::rounds;
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

#[tokio::test]
async fn a_sign_out_ends_one_session_and_may_be_repeated() {
    let app = TestApp::start();
    let here = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let second = next_token(refresh(&app, &here.refresh_token).await);
    for _ in 0..3 {
        let response = sign_out(&app, &second).await.expect(204);
        assert!(response.body.is_empty());
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    assert_eq!(session_item(&app, &here).await, None);
    for token in [&second, &here.refresh_token] {
        assert_has_ended(&refresh(&app, token).await, "signed out");
    }
    next_token(refresh(&app, &there.refresh_token).await);
    // An access token stays valid until it expires.
    here.get("/users/me").await.expect(200);
}

/// An old browser tab may still have an earlier refresh token.
#[tokio::test]
async fn any_refresh_token_of_a_session_signs_it_out() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let second = next_token(refresh(&app, &ada.refresh_token).await);
    let third = next_token(refresh(&app, &second).await);
    sign_out(&app, &ada.refresh_token).await.expect(204);
    assert_has_ended(
        &refresh(&app, &third).await,
        "signed out with an older token",
    );
}

#[tokio::test]
async fn a_sign_out_without_a_body_ends_the_session_of_the_access_token() {
    let app = TestApp::start();
    let here = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    for _ in 0..2 {
        let request = here.request(Method::POST, "/signout");
        Response::to(request).await.expect(204);
    }
    assert_has_ended(&refresh(&app, &here.refresh_token).await, "signed out");
    next_token(refresh(&app, &there.refresh_token).await);
    let forged = app.request(Method::POST, "/signout").bearer_auth("a.b.c");
    assert_eq!(Response::to(forged).await.problem(), "invalid_token");
}

#[tokio::test]
async fn a_sign_out_everywhere_ends_all_existing_sessions_and_no_later_one() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let second = next_token(refresh(&app, &there.refresh_token).await);
    sign_out_everywhere(&ada).await.expect(204);
    for token in [&ada.refresh_token, &there.refresh_token, &second] {
        assert_has_ended(&refresh(&app, token).await, "signed out everywhere");
    }
    next_token(refresh(&app, &grace.refresh_token).await);

    let later = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let token = next_token(refresh(&app, &later.refresh_token).await);
    // The access token of an ended session still ends the others until it expires.
    sign_out_everywhere(&ada).await.expect(204);
    assert_has_ended(&refresh(&app, &token).await, "signed out everywhere again");
}

#[tokio::test]
async fn a_sign_out_everywhere_needs_an_access_token_and_no_body() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let everywhere = "/signout?everywhere=true";
    let body = json!({"refreshToken": ada.refresh_token});
    let anonymous = app.post(everywhere, &body).await.expect(401);
    assert_eq!(anonymous.problem(), "unauthorized");
    let forged = SignedIn::with_token(&app, format!("{}x", ada.token));
    let refused = forged.post(everywhere, &body).await.expect(401);
    assert_eq!(refused.problem(), "invalid_token");
    let mut token = next_token(refresh(&app, &ada.refresh_token).await);

    for wrong in [
        json!({"refreshToken": 1}),
        json!({"refresh": "x"}),
        json!([]),
    ] {
        let response = ada.post(everywhere, &wrong).await.expect(422);
        assert_eq!(response.problem(), "validation_failed");
    }
    for query in ["everywhere", "everywhere=1", "everywhere=yes"] {
        let response = ada.post(&format!("/signout?{query}"), &body).await;
        let errors = response.expect(422).json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], "/everywhere", "{query}");
    }
    token = next_token(refresh(&app, &token).await);

    let without = Response::to(ada.request(Method::POST, everywhere)).await;
    without.expect(204);
    assert_has_ended(
        &refresh(&app, &token).await,
        "signed out everywhere without a body",
    );
    for body in [json!({}), body, json!({"refreshToken": "x"})] {
        ada.post(everywhere, &body).await.expect(204);
    }
}

#[tokio::test]
async fn a_sign_out_without_a_refresh_token_names_the_missing_field() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for path in ["/signout", "/signout?everywhere=false"] {
        let missing = ("/refreshToken", "required");
        let unknown = ("/refreshTokn", "unknown_field");
        let wrong = ("/refreshToken", "wrong_type");
        for (body, expected) in [
            (json!({}), vec![missing]),
            (json!({"refreshToken": null}), vec![wrong]),
            (json!({"refreshTokn": "x"}), vec![missing, unknown]),
        ] {
            let response = ada.post(path, &body).await.expect(422);
            assert_eq!(response.problem(), "validation_failed");
            let response = response.json();
            let errors = response["errors"].as_array().unwrap().iter();
            let found = errors.map(|error| {
                let text = |name: &str| error[name].as_str().unwrap();
                (text("pointer"), text("code"))
            });
            assert_eq!(found.collect::<Vec<_>>(), expected, "{body}");
        }
    }
    next_token(refresh(&app, &ada.refresh_token).await);
}

/// Refreshes may succeed before the sign-out, but their tokens are invalid after it.
#[tokio::test]
async fn a_sign_out_wins_over_simultaneous_refreshes() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    for round in 0..rounds(3, 10) {
        let ada = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
        let body = json!({"refreshToken": ada.refresh_token});
        let send = |path: &str| {
            let request = app.request(Method::POST, path).json(&body);
            tokio::spawn(Response::to(request))
        };
        let mut refreshes: Vec<_> = (0..6).map(|_| send("/session/refresh")).collect();
        let end = if round % 2 == 0 {
            send("/signout")
        } else {
            let request = ada.request(Method::POST, "/signout?everywhere=true");
            tokio::spawn(Response::to(request))
        };
        refreshes.extend((0..6).map(|_| send("/session/refresh")));
        end.await.unwrap().expect(204);
        let mut tokens = vec![ada.refresh_token.clone()];
        for response in refreshes {
            let response = response.await.unwrap();
            match response.status {
                200 => tokens.push(next_token(response)),
                _ => assert_has_ended(&response, "after the sign-out"),
            }
        }
        for token in tokens {
            assert_has_ended(&refresh(&app, &token).await, "all requests are done");
        }
    }
}
