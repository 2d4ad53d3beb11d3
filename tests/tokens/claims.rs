use reqwest::Method;
use serde_json::{Value, json};

use super::{Forger, assert_is_refused, now};
use crate::support::{PASSWORD, Response, TestApp};

#[tokio::test]
async fn every_claim_is_required() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let names: Vec<_> = forger.claims.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid", "roles"
        ]
    );
    for name in names {
        forger
            .refuses(
                &forger.with_claims(&json!({name: null})),
                &format!("no {name}"),
            )
            .await;
        let empty = json!({name: {}});
        forger
            .refuses(&forger.with_claims(&empty), &format!("{name}: {{}}"))
            .await;
    }
    for claims in [json!([]), json!("claims"), json!(null), json!(1)] {
        let token = forger.signer.token(&forger.header, &claims);
        forger.refuses(&token, &claims.to_string()).await;
    }
    let more = forger.with_claims(&json!({"scope": "x"}));
    forger.accepts(&more, "a claim that we do not know").await;
}

/// The leeway is 60 s, to the second; the margins here allow for a slow machine.
#[tokio::test]
async fn clocks_may_be_a_minute_apart_and_no_more() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for (claim, accepted, refused) in [("exp", -55, -65), ("nbf", 55, 70), ("iat", 55, 70)] {
        let at = |seconds: i64| forger.with_claims(&json!({claim: now() + seconds}));
        forger
            .accepts(&at(accepted), &format!("{claim} {accepted}"))
            .await;
        forger
            .refuses(&at(refused), &format!("{claim} {refused}"))
            .await;
    }
}

#[tokio::test]
async fn a_time_is_a_whole_number_of_seconds() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for time in [
        json!("9999999999"),
        json!(9_999_999_999.5),
        json!(1e300),
        json!(true),
        json!([9_999_999_999_i64]),
    ] {
        let what = time.to_string();
        forger
            .refuses(&forger.with_claims(&json!({"exp": time})), &what)
            .await;
    }
    for extreme in [i64::MIN, -1, 0] {
        let what = extreme.to_string();
        forger
            .refuses(&forger.with_claims(&json!({"exp": extreme})), &what)
            .await;
        forger
            .accepts(&forger.with_claims(&json!({"nbf": extreme})), &what)
            .await;
    }
    for extreme in [json!(i64::MAX), json!(u64::MAX)] {
        let what = extreme.to_string();
        forger
            .refuses(&forger.with_claims(&json!({"nbf": extreme})), &what)
            .await;
    }
}

#[tokio::test]
async fn another_issuers_token_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let own = app.endpoint("api");
    assert_eq!(forger.claims["iss"], own);
    for issuer in [
        json!(""),
        json!("https://example.com"),
        json!(format!("{own}/")),
        json!(format!("{own}.example.com")),
        json!(own.replace("http", "https")),
        json!(own.replace("127.0.0.1", "localhost")),
        json!(own.to_uppercase()),
        json!([own]),
    ] {
        let what = issuer.to_string();
        forger
            .refuses(&forger.with_claims(&json!({"iss": issuer})), &what)
            .await;
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    assert_eq!(forger.claims["aud"], "cloakroom");
    for audience in [
        json!(""),
        json!("Cloakroom"),
        json!("cloakroom "),
        json!("cloakroom2"),
        json!([]),
        json!(["another"]),
        json!([["cloakroom"]]),
        json!(["cloakroom", 1]),
    ] {
        let what = audience.to_string();
        forger
            .refuses(&forger.with_claims(&json!({"aud": audience})), &what)
            .await;
    }
    for audience in [json!(["cloakroom"]), json!(["another", "cloakroom"])] {
        let what = audience.to_string();
        forger
            .accepts(&forger.with_claims(&json!({"aud": audience})), &what)
            .await;
    }
}

#[tokio::test]
async fn a_token_names_a_user_and_a_session() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let id = forger.claims["sub"].as_str().unwrap();
    for no_id in [
        "",
        "ada@example.com",
        "me",
        "../me",
        "1",
        &id.to_uppercase(),
        &id.replace('-', ""),
        &format!("{id} "),
        &format!("{id}0"),
    ] {
        for claim in ["sub", "sid"] {
            let what = format!("{claim}: {no_id:?}");
            forger
                .refuses(&forger.with_claims(&json!({claim: no_id})), &what)
                .await;
        }
    }
    let nobody = "01890000-0000-7000-8000-000000000000";
    forger
        .refuses(
            &forger.with_claims(&json!({"sub": nobody})),
            "a user that is nobody",
        )
        .await;
}

#[tokio::test]
async fn another_users_token_is_theirs_and_a_deleted_users_token_nobodys() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let bob = app.new_user("bob@example.com").await;
    let as_bob = forger.with_claims(&json!({"sub": bob.id}));
    let answer = forger.present(&as_bob).await.expect(200);
    assert_eq!(answer.json()["user"]["email"], "bob@example.com");
    let password = json!({"password": PASSWORD});
    bob.delete("/users/me", &password).await.expect(204);
    forger.refuses(&as_bob, "a deleted user's").await;
    assert_is_refused(&bob.get("/users/me").await, "the user's own");
}

/// Every route that asks for a token asks for a good one.
#[tokio::test]
async fn every_route_with_a_caller_refuses_a_forgery() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let expired = forger.with_claims(&json!({"exp": now() - 600}));
    let user = format!("/users/{}", forger.claims["sub"].as_str().unwrap());
    for (method, path, body) in [
        (Method::GET, "/users", Value::Null),
        (Method::GET, &user, Value::Null),
        (Method::GET, "/users/me", Value::Null),
        (Method::PATCH, "/users/me", json!({"name": "Countess"})),
        (
            Method::PUT,
            "/users/me/password",
            json!({"currentPassword": PASSWORD, "newPassword": "difference engine"}),
        ),
        (Method::DELETE, "/users/me", json!({"password": PASSWORD})),
    ] {
        let request = || {
            let request = app.request(method.clone(), path);
            if body.is_null() {
                request
            } else {
                request.json(&body)
            }
        };
        let answer = Response::to(request().bearer_auth(&expired)).await;
        assert_is_refused(&answer, &format!("{method} {path}"));
        let answer = Response::to(request()).await.expect(401);
        assert_eq!(answer.problem(), "unauthorized", "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    forger.accepts(&forger.token, "nothing happened").await;
}
