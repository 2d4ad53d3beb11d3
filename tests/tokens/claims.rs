use serde_json::json;

use super::{Forger, Forgery, Kind, assert_is_refused, now};
use crate::support::{PASSWORD, TestApp};

pub fn with_missing_claims(forger: &Forger) -> Vec<Forgery> {
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
    forger.accepts(&more, "an unknown claim").await;
}

/// A claim, a time within the leeway and a time outside it, in seconds from now. The margins allow for a slow machine.
const TIMES: [(&str, i64, i64); 3] = [("exp", -30, -65), ("nbf", 30, 600), ("iat", 30, 600)];

pub fn outside_validity(forger: &Forger) -> Vec<Forgery> {
    TIMES
        .into_iter()
        .map(|(claim, _, refused)| {
            let token = forger.with_claims(&json!({claim: now() + refused}));
            Forgery::new(token, format!("{claim} {refused}"))
        })
        .collect()
}

/// The leeway is 60 seconds.
#[tokio::test]
async fn token_times_have_a_leeway_of_one_minute() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for (claim, accepted, _) in TIMES {
        let token = forger.with_claims(&json!({claim: now() + accepted}));
        forger.accepts(&token, &format!("{claim} {accepted}")).await;
    }
    forger.refuses_all(Kind::OutsideValidity).await;
}

pub fn with_invalid_times(forger: &Forger) -> Vec<Forgery> {
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
async fn a_time_claim_must_be_a_whole_number_of_seconds() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::InvalidTime).await;
    for extreme in [i64::MIN, -1, 0] {
        let token = forger.with_claims(&json!({"nbf": extreme}));
        forger.accepts(&token, &extreme.to_string()).await;
    }
}

pub fn with_other_issuers(forger: &Forger) -> Vec<Forgery> {
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

pub fn with_other_audiences(forger: &Forger) -> Vec<Forgery> {
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

pub fn with_invalid_ids(forger: &Forger) -> Vec<Forgery> {
    let id = forger.claims["sub"].as_str().unwrap();
    let mut all = Vec::new();
    for invalid in [
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
            let token = forger.with_claims(&json!({claim: invalid}));
            all.push(Forgery::new(token, format!("{claim}: {invalid:?}")));
        }
    }
    all
}

#[tokio::test]
async fn a_token_must_name_a_user_and_a_session() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::InvalidId).await;
    let unknown = json!({"sub": "01890000-0000-7000-8000-000000000000"});
    let token = forger.with_claims(&unknown);
    forger.refuses(&token, "an unknown user id").await;
}

#[tokio::test]
async fn a_token_acts_for_its_subject_until_the_account_is_deleted() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let bob = app.new_user("bob@example.com").await;
    let as_bob = forger.with_claims(&json!({"sub": bob.id}));
    let response = forger.present(&as_bob).await.expect(200);
    assert_eq!(response.json()["user"]["email"], "bob@example.com");
    let password = json!({"password": PASSWORD});
    bob.delete("/users/me", &password).await.expect(204);
    forger
        .refuses(&as_bob, "a token made for a deleted user")
        .await;
    assert_is_refused(&bob.get("/users/me").await, "the deleted user's own token");
}
