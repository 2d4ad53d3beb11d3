use serde_json::json;

use super::{Forger, Forgery, Kind, assert_is_refused, now};
use crate::support::{PASSWORD, TestApp};

pub fn without_a_claim(forger: &Forger) -> Vec<Forgery> {
    let mut all = Vec::new();
    for name in forger.claims.as_object().unwrap().keys() {
        let missing = forger.with_claims(&json!({name: null}));
        all.push(Forgery::new(missing, format!("no {name}")));
        let empty = forger.with_claims(&json!({name: {}}));
        all.push(Forgery::new(empty, format!("{name}: {{}}")));
    }
    for claims in [json!([]), json!("claims"), json!(null), json!(1)] {
        let token = forger.signer.token(&forger.header, &claims);
        all.push(Forgery::new(token, claims.to_string()));
    }
    all
}

#[tokio::test]
async fn every_claim_is_required() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let issued: Vec<_> = forger.claims.as_object().unwrap().keys().collect();
    assert_eq!(
        issued,
        [
            "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid", "roles"
        ]
    );
    forger.refuses_all(Kind::MissingClaim).await;
    let more = forger.with_claims(&json!({"scope": "x"}));
    forger.accepts(&more, "a claim that we do not know").await;
}

/// Just inside and just outside of the leeway; the margins allow for a slow machine.
const TIMES: [(&str, i64, i64); 3] = [("exp", -55, -65), ("nbf", 55, 70), ("iat", 55, 70)];

pub fn out_of_time(forger: &Forger) -> Vec<Forgery> {
    TIMES
        .into_iter()
        .map(|(claim, _, refused)| {
            let token = forger.with_claims(&json!({claim: now() + refused}));
            Forgery::new(token, format!("{claim} {refused}"))
        })
        .collect()
}

/// The leeway is 60 s, to the second.
#[tokio::test]
async fn clocks_may_be_a_minute_apart_and_no_more() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for (claim, accepted, _) in TIMES {
        let token = forger.with_claims(&json!({claim: now() + accepted}));
        forger.accepts(&token, &format!("{claim} {accepted}")).await;
    }
    forger.refuses_all(Kind::OutOfTime).await;
}

pub fn with_times_that_are_none(forger: &Forger) -> Vec<Forgery> {
    let expired = [
        json!("9999999999"),
        json!(9_999_999_999.5),
        json!(1e300),
        json!(true),
        json!([9_999_999_999_i64]),
        json!(i64::MIN),
        json!(-1),
        json!(0),
    ];
    let early = [json!(i64::MAX), json!(u64::MAX)];
    let expired = expired.into_iter().map(|time| json!({"exp": time}));
    let early = early.into_iter().map(|time| json!({"nbf": time}));
    expired
        .chain(early)
        .map(|change| Forgery::new(forger.with_claims(&change), change.to_string()))
        .collect()
}

#[tokio::test]
async fn a_time_is_a_whole_number_of_seconds() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::NotATime).await;
    for extreme in [i64::MIN, -1, 0] {
        let token = forger.with_claims(&json!({"nbf": extreme}));
        forger.accepts(&token, &extreme.to_string()).await;
    }
}

pub fn of_other_issuers(forger: &Forger) -> Vec<Forgery> {
    let own = forger.claims["iss"].as_str().unwrap();
    [
        json!(""),
        json!("https://example.com"),
        json!(format!("{own}/")),
        json!(format!("{own}.example.com")),
        json!(own.replace("http", "https")),
        json!(own.replace("127.0.0.1", "localhost")),
        json!(own.to_uppercase()),
        json!([own]),
    ]
    .into_iter()
    .map(|issuer| {
        Forgery::new(
            forger.with_claims(&json!({"iss": issuer})),
            issuer.to_string(),
        )
    })
    .collect()
}

#[tokio::test]
async fn another_issuers_token_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    assert_eq!(forger.claims["iss"], app.endpoint("api"));
    forger.refuses_all(Kind::OtherIssuer).await;
}

pub fn for_other_audiences(forger: &Forger) -> Vec<Forgery> {
    [
        json!(""),
        json!("Cloakroom"),
        json!("cloakroom "),
        json!("cloakroom2"),
        json!([]),
        json!(["another"]),
        json!([["cloakroom"]]),
        json!(["cloakroom", 1]),
    ]
    .into_iter()
    .map(|audience| {
        Forgery::new(
            forger.with_claims(&json!({"aud": audience})),
            audience.to_string(),
        )
    })
    .collect()
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    assert_eq!(forger.claims["aud"], "cloakroom");
    forger.refuses_all(Kind::OtherAudience).await;
    for audience in [json!(["cloakroom"]), json!(["another", "cloakroom"])] {
        let token = forger.with_claims(&json!({"aud": audience}));
        forger.accepts(&token, &audience.to_string()).await;
    }
}

pub fn with_ids_that_are_none(forger: &Forger) -> Vec<Forgery> {
    let id = forger.claims["sub"].as_str().unwrap();
    let mut all = Vec::new();
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
            let token = forger.with_claims(&json!({claim: no_id}));
            all.push(Forgery::new(token, format!("{claim}: {no_id:?}")));
        }
    }
    all
}

#[tokio::test]
async fn a_token_names_a_user_and_a_session() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::NotAnId).await;
    let unknown = json!({"sub": "01890000-0000-7000-8000-000000000000"});
    let token = forger.with_claims(&unknown);
    forger.refuses(&token, "the id of no user").await;
}

#[tokio::test]
async fn a_token_is_its_users_own_and_ends_with_the_account() {
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
