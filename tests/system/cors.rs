use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderName},
};

use crate::support::{Response, TestApp};

/// The allowed origin.
const ALLOWED: &str = "http://localhost:3000";

fn preflight(app: &TestApp, path: &str, origin: &str, method: &str) -> RequestBuilder {
    app.request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization,content-type,if-match",
        )
}

/// Returns the names of the CORS headers.
fn cors(headers: &HeaderMap) -> Vec<&str> {
    let names = headers.keys().map(HeaderName::as_str);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

/// Returns the sorted, lower-case words of a list header.
fn list(response: &Response, name: &str) -> Vec<String> {
    let value = response
        .header(name)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut list: Vec<_> = value
        .split(',')
        .map(|word| word.trim().to_owned())
        .collect();
    list.sort();
    list
}

#[tokio::test]
async fn a_preflight_from_an_allowed_origin_gets_the_cors_headers() {
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={ALLOWED}")]);
    // The gateway responds itself, for unknown routes too.
    for (path, method) in [
        ("/users/me", "PATCH"),
        ("/signup", "POST"),
        ("/nope", "GET"),
    ] {
        let response = Response::to(preflight(&app, path, ALLOWED, method)).await;
        assert!([200, 204].contains(&response.status), "{path}");
        assert_eq!(
            response.header("access-control-allow-origin"),
            Some(ALLOWED)
        );
        assert_eq!(
            list(&response, "access-control-allow-methods"),
            ["delete", "get", "options", "patch", "post", "put"]
        );
        assert_eq!(
            list(&response, "access-control-allow-headers"),
            [
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match"
            ]
        );
        assert_eq!(response.header("access-control-max-age"), Some("3600"));
        // Tokens are sent in a header, never in a cookie.
        assert_eq!(response.header("access-control-allow-credentials"), None);
        assert!(response.body.is_empty());
    }
}

#[tokio::test]
async fn a_foreign_origin_gets_no_cors_headers() {
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={ALLOWED}")]);
    for origin in [
        "https://example.com",
        "https://localhost:3000",
        "http://localhost",
        "http://localhost:3001",
        "http://localhost:30000",
        "http://localhost:3000.example.com",
        "http://localhost:3000/",
        "http://LOCALHOST:3000",
        "http://127.0.0.1:3000",
        "null",
        "*",
    ] {
        let response = Response::to(preflight(&app, "/signin", origin, "POST")).await;
        assert_eq!(cors(&response.headers), [""; 0], "{origin}");
        let request = app
            .request(Method::GET, "/users/me")
            .header("origin", origin);
        let response = Response::to(request).await.expect(401);
        assert_eq!(cors(&response.headers), [""; 0], "{origin}");
    }
    let response = app.get("/users/me").await.expect(401);
    assert_eq!(cors(&response.headers), [""; 0], "without an origin");
}

#[tokio::test]
async fn an_allowed_origin_can_read_every_response_and_its_headers() {
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={ALLOWED}")]);
    let ada = app.new_user("ada@example.com").await;
    for (request, status) in [
        (ada.request(Method::GET, "/users/me"), 200),
        (app.request(Method::GET, "/users/me"), 401),
        (app.request(Method::GET, "/nope"), 404),
        (app.request(Method::GET, "/signup"), 405),
        (app.request(Method::POST, "/signup").body("x"), 415),
        (app.request(Method::GET, "/.well-known/jwks.json"), 200),
    ] {
        let response = Response::to(request.header("origin", ALLOWED))
            .await
            .expect(status);
        assert_eq!(
            response.header("access-control-allow-origin"),
            Some(ALLOWED)
        );
        assert_eq!(
            list(&response, "access-control-expose-headers"),
            [
                "allow",
                "etag",
                "location",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "www-authenticate",
                "x-amzn-remapped-www-authenticate",
                "x-request-id",
            ]
        );
    }
}

#[tokio::test]
async fn several_origins_can_be_allowed() {
    let (one, other) = ("https://app.example.com", "http://localhost:5173");
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={one},{other}")]);
    for origin in [one, other] {
        let response = Response::to(preflight(&app, "/signin", origin, "POST")).await;
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
        let request = app
            .request(Method::GET, "/users/me")
            .header("origin", origin);
        let response = Response::to(request).await.expect(401);
        assert_eq!(response.header("access-control-allow-origin"), Some(origin));
    }
    for origin in [
        ALLOWED,
        "https://app.example.com.evil.example",
        &format!("{one},{other}"),
    ] {
        let response = Response::to(preflight(&app, "/signin", origin, "POST")).await;
        assert_eq!(cors(&response.headers), [""; 0], "{origin}");
    }
}

/// Without the preflight headers, OPTIONS is a request like any other.
#[tokio::test]
async fn an_options_request_that_is_not_a_preflight_is_a_405() {
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={ALLOWED}")]);
    let response = Response::to(app.request(Method::OPTIONS, "/signup"))
        .await
        .expect(405);
    assert_eq!(response.problem(), "method_not_allowed");
}
