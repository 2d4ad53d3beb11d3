use std::net::Ipv4Addr;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp, within_a_minute};

const ADA: &str = "ada@example.com";
const ORIGIN: &str = "http://localhost:5173";

fn sign_in(app: &TestApp, address: Ipv4Addr) -> RequestBuilder {
    let body = json!({"email": ADA, "password": PASSWORD});
    let request = app.request_from(address, Method::POST, "/signin");
    request.header("origin", ORIGIN).json(&body)
}

fn statuses(answers: &[Response]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test]
async fn so_many_requests_of_an_address_are_served_and_the_next_is_told_when_to_come_again() {
    let app = TestApp::start_with(&["RequestsPerAddress=4", &format!("AllowedOrigins={ORIGIN}")]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let answers = within_a_minute(async |address| {
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push(Response::to(sign_in(&app, address)).await);
        }
        answers
    })
    .await;
    assert_eq!(statuses(&answers), [200, 200, 200, 200, 429, 429]);
    for (answer, left) in answers.iter().zip([3, 2, 1, 0, 0, 0]) {
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"signin\";q=4;w=60")
        );
        let standing = answer.header("ratelimit").unwrap();
        let (left_told, seconds) = standing.rsplit_once(";t=").unwrap();
        assert_eq!(left_told, format!("\"signin\";r={left}"));
        assert!(
            (1..=60).contains(&seconds.parse::<u32>().unwrap()),
            "{seconds}"
        );
        let retry_after = (answer.status == 429).then_some(seconds);
        assert_eq!(answer.header("retry-after"), retry_after);
        // A page may read it all.
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        let exposed = exposed.to_ascii_lowercase();
        for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
            assert!(
                exposed.split(',').any(|one| one.trim() == name),
                "{exposed}"
            );
        }
    }
    assert_eq!(answers[4].problem(), "rate_limited");
    // Another address is another caller.
    let other = app.request_from(Ipv4Addr::new(127, 0, 1, 1), Method::POST, "/signin");
    let other = other.json(&json!({"email": ADA, "password": PASSWORD}));
    Response::to(other).await.expect(200);
}

/// What anybody can write is not where a request comes from.
#[tokio::test]
async fn headers_that_name_another_address_have_no_effect() {
    let app = TestApp::start_with(&["RequestsPerAddress=2"]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let answers = within_a_minute(async |address| {
        let mut answers = Vec::new();
        for i in 0..4 {
            let forged = format!("203.0.113.{i}");
            let request = sign_in(&app, address)
                .header("x-forwarded-for", &forged)
                .header("x-real-ip", &forged)
                .header("forwarded", format!("for={forged}"));
            answers.push(Response::to(request).await);
        }
        answers
    })
    .await;
    assert_eq!(statuses(&answers), [200, 200, 429, 429]);
}

#[tokio::test]
async fn a_request_is_counted_whatever_is_wrong_with_it() {
    let app = TestApp::start_with(&["RequestsPerAddress=5"]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let answers = within_a_minute(async |address| {
        let request = || app.request_from(address, Method::POST, "/signin");
        let json = |body: &str| {
            request()
                .header("content-type", "application/json")
                .body(body.to_owned())
        };
        let mut answers = Vec::new();
        for request in [
            json("{"),
            json("{}"),
            json(&" ".repeat(70_000)),
            request().body("x"),
            request().json(&json!({"email": ADA, "password": "not the password"})),
            json("{"),
            sign_in(&app, address),
        ] {
            answers.push(Response::to(request).await);
        }
        answers
    })
    .await;
    assert_eq!(statuses(&answers), [400, 422, 413, 415, 401, 429, 429]);
    for answer in &answers {
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"signin\";q=5;w=60")
        );
    }
}

#[tokio::test]
async fn of_two_hundred_requests_at_once_exactly_so_many_are_served() {
    let app = TestApp::start_with(&["RequestsPerAddress=70"]);
    let answers = within_a_minute(async |address| {
        let all = (0..200).map(|_| tokio::spawn(Response::to(sign_in(&app, address))));
        let mut answers = Vec::new();
        for answer in all.collect::<Vec<_>>() {
            answers.push(answer.await.unwrap());
        }
        answers
    })
    .await;
    let with = |status| answers.iter().filter(move |answer| answer.status == status);
    assert_eq!((with(401).count(), with(429).count()), (70, 130));
    // Nobody was told the same.
    let mut left: Vec<u32> = with(401)
        .map(|answer| {
            let standing = answer.header("ratelimit").unwrap();
            let left = standing.split(';').nth(1).unwrap();
            left.strip_prefix("r=").unwrap().parse().unwrap()
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..70).collect::<Vec<_>>());
}

#[tokio::test]
async fn preflights_are_not_counted_and_other_routes_are_not_limited() {
    let app = TestApp::start_with(&["RequestsPerAddress=2", &format!("AllowedOrigins={ORIGIN}")]);
    let answers = within_a_minute(async |address| {
        for _ in 0..5 {
            let preflight = app
                .request_from(address, Method::OPTIONS, "/signin")
                .header("origin", ORIGIN)
                .header("access-control-request-method", "POST");
            let answer = Response::to(preflight).await;
            assert_eq!(answer.status, 204);
            assert_eq!(answer.header("ratelimit"), None);
            let keys = app.request_from(address, Method::GET, "/.well-known/jwks.json");
            let answer = Response::to(keys).await.expect(200);
            assert_eq!(answer.header("ratelimit"), None);
        }
        vec![
            Response::to(sign_in(&app, address)).await,
            Response::to(sign_in(&app, address)).await,
            Response::to(sign_in(&app, address)).await,
        ]
    })
    .await;
    assert_eq!(statuses(&answers), [401, 401, 429]);
}
