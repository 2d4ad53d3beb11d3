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

fn statuses(responses: &[Response]) -> Vec<u16> {
    responses.iter().map(|response| response.status).collect()
}

#[tokio::test]
async fn requests_over_the_limit_of_an_address_get_a_429_with_retry_after() {
    let app = TestApp::start_with(&["RequestsPerAddress=4", &format!("AllowedOrigins={ORIGIN}")]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let responses = within_a_minute(async |address| {
        let mut responses = Vec::new();
        for _ in 0..6 {
            responses.push(Response::to(sign_in(&app, address)).await);
        }
        responses
    })
    .await;
    assert_eq!(statuses(&responses), [200, 200, 200, 200, 429, 429]);
    for (response, left) in responses.iter().zip([3, 2, 1, 0, 0, 0]) {
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"signin\";q=4;w=60")
        );
        let rate_limit = response.header("ratelimit").unwrap();
        let (remaining, seconds) = rate_limit.rsplit_once(";t=").unwrap();
        assert_eq!(remaining, format!("\"signin\";r={left}"));
        assert!(
            (1..=60).contains(&seconds.parse::<u32>().unwrap()),
            "{seconds}"
        );
        let retry_after = (response.status == 429).then_some(seconds);
        assert_eq!(response.header("retry-after"), retry_after);
        // A web page may read all of these headers.
        assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN));
        let exposed = response.header("access-control-expose-headers").unwrap();
        let exposed = exposed.to_ascii_lowercase();
        for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
            assert!(
                exposed.split(',').any(|header| header.trim() == name),
                "{exposed}"
            );
        }
    }
    assert_eq!(responses[4].problem(), "rate_limited");
    // Another address has its own limit.
    let other = app.request_from(Ipv4Addr::new(127, 0, 1, 1), Method::POST, "/signin");
    let other = other.json(&json!({"email": ADA, "password": PASSWORD}));
    Response::to(other).await.expect(200);
}

/// A client can send any value in these headers, so none of them is the address of the client.
#[tokio::test]
async fn headers_that_name_another_address_have_no_effect() {
    let app = TestApp::start_with(&["RequestsPerAddress=2"]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let responses = within_a_minute(async |address| {
        let mut responses = Vec::new();
        for i in 0..4 {
            let forged = format!("203.0.113.{i}");
            let request = sign_in(&app, address)
                .header("x-forwarded-for", &forged)
                .header("x-real-ip", &forged)
                .header("forwarded", format!("for={forged}"));
            responses.push(Response::to(request).await);
        }
        responses
    })
    .await;
    assert_eq!(statuses(&responses), [200, 200, 429, 429]);
}

#[tokio::test]
async fn invalid_requests_count_towards_the_limit() {
    let app = TestApp::start_with(&["RequestsPerAddress=5"]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let responses = within_a_minute(async |address| {
        let request = || app.request_from(address, Method::POST, "/signin");
        let json = |body: &str| {
            request()
                .header("content-type", "application/json")
                .body(body.to_owned())
        };
        let mut responses = Vec::new();
        for request in [
            json("{"),
            json("{}"),
            json(&" ".repeat(70_000)),
            request().body("x"),
            request().json(&json!({"email": ADA, "password": "not the password"})),
            json("{"),
            sign_in(&app, address),
        ] {
            responses.push(Response::to(request).await);
        }
        responses
    })
    .await;
    assert_eq!(statuses(&responses), [400, 422, 413, 415, 401, 429, 429]);
    for response in &responses {
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"signin\";q=5;w=60")
        );
    }
}

#[tokio::test]
async fn exactly_the_limit_of_concurrent_requests_is_served() {
    let app = TestApp::start_with(&["RequestsPerAddress=70"]);
    let responses = within_a_minute(async |address| {
        let all = (0..200).map(|_| tokio::spawn(Response::to(sign_in(&app, address))));
        let mut responses = Vec::new();
        for response in all.collect::<Vec<_>>() {
            responses.push(response.await.unwrap());
        }
        responses
    })
    .await;
    let with = |status| {
        responses
            .iter()
            .filter(move |response| response.status == status)
    };
    assert_eq!((with(401).count(), with(429).count()), (70, 130));
    // Each response has a different number of remaining requests.
    let mut left: Vec<u32> = with(401)
        .map(|response| {
            let rate_limit = response.header("ratelimit").unwrap();
            let left = rate_limit.split(';').nth(1).unwrap();
            left.strip_prefix("r=").unwrap().parse().unwrap()
        })
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..70).collect::<Vec<_>>());
}

#[tokio::test]
async fn preflights_are_not_counted_and_other_routes_are_not_limited() {
    let app = TestApp::start_with(&["RequestsPerAddress=2", &format!("AllowedOrigins={ORIGIN}")]);
    let responses = within_a_minute(async |address| {
        for _ in 0..5 {
            let preflight = app
                .request_from(address, Method::OPTIONS, "/signin")
                .header("origin", ORIGIN)
                .header("access-control-request-method", "POST");
            let response = Response::to(preflight).await;
            assert_eq!(response.status, 204);
            assert_eq!(response.header("ratelimit"), None);
            let keys = app.request_from(address, Method::GET, "/.well-known/jwks.json");
            let response = Response::to(keys).await.expect(200);
            assert_eq!(response.header("ratelimit"), None);
        }
        vec![
            Response::to(sign_in(&app, address)).await,
            Response::to(sign_in(&app, address)).await,
            Response::to(sign_in(&app, address)).await,
        ]
    })
    .await;
    assert_eq!(statuses(&responses), [401, 401, 429]);
}
