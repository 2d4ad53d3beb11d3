use reqwest::{Method, header::AUTHORIZATION};

use super::{Forger, assert_is_refused};
use crate::support::{Response, TestApp};

/// Requests `GET /users/me` with `Authorization` headers.
async fn get_with(app: &TestApp, authorization: &[&str]) -> Response {
    let request = app.request(Method::GET, "/users/me");
    let add = |request: reqwest::RequestBuilder, value: &&str| {
        request.header(AUTHORIZATION, value.as_bytes())
    };
    Response::to(authorization.iter().fold(request, add)).await
}

#[tokio::test]
async fn the_scheme_is_case_insensitive() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        get_with(&app, &[&format!("{scheme} {}", forger.token)])
            .await
            .expect(200);
    }
}

/// RFC 6750, section 3.1: the challenge to a request without a token has no `error`.
#[tokio::test]
async fn a_request_without_a_bearer_token_is_unauthorized() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let token = &forger.token;
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        token,
        "Basic YWRhOmVuZ2luZQ==",
        "Digest username=\"ada\"",
        &format!("Basic {token}"),
        &format!("Token {token}"),
        &format!("Bearer\t{token}"),
        &format!("Bearer:{token}"),
        &format!("Bearer={token}"),
        &format!("Basic Bearer {token}"),
    ] {
        let response = get_with(&app, &[authorization]).await.expect(401);
        assert_eq!(response.problem(), "unauthorized", "{authorization}");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
    }
    for (method, path) in [
        (Method::GET, format!("/users/me?access_token={token}")),
        (
            Method::GET,
            format!("/users/me?authorization=Bearer%20{token}"),
        ),
    ] {
        let response = Response::to(app.request(method, &path)).await.expect(401);
        assert_eq!(response.problem(), "unauthorized");
    }
    let cookie = app.request(Method::GET, "/users/me").header(
        "cookie",
        format!("access_token={token}; Authorization=Bearer {token}"),
    );
    assert_eq!(
        Response::to(cookie).await.expect(401).problem(),
        "unauthorized"
    );
}

#[tokio::test]
async fn two_tokens_in_one_request_are_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let token = &forger.token;
    for two in [
        format!("Bearer {token} {token}"),
        format!("Bearer {token}, {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {token}, Basic YWRhOmVuZ2luZQ=="),
    ] {
        assert_is_refused(&get_with(&app, &[&two]).await, &two);
    }
    let bearer = format!("Bearer {token}");
    for two in [
        [bearer.as_str(), &bearer],
        [&bearer, "Bearer x.y.z"],
        ["Bearer x.y.z", &bearer],
        [&bearer, "Basic YWRhOmVuZ2luZQ=="],
    ] {
        assert_is_refused(&get_with(&app, &two).await, &two.join(" and "));
    }
}

#[tokio::test]
async fn a_token_that_is_not_ascii_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for bytes in [&b"Bearer \xff\xfe"[..], "Bearer tök.en.ä".as_bytes()] {
        let request = app.request(Method::GET, "/users/me");
        let response = Response::to(request.header(AUTHORIZATION, bytes)).await;
        assert!([400, 401].contains(&response.status), "{}", response.status);
    }
    forger.accepts(&forger.token, "afterwards").await;
}
