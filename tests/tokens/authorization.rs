use reqwest::{Method, header::AUTHORIZATION};

use super::{Forger, assert_is_refused};
use crate::support::{Response, TestApp};

/// `GET /users/me` with these `Authorization` headers.
async fn with(app: &TestApp, authorization: &[&str]) -> Response {
    let request = app.request(Method::GET, "/users/me");
    let with = |request: reqwest::RequestBuilder, value: &&str| {
        request.header(AUTHORIZATION, value.as_bytes())
    };
    Response::to(authorization.iter().fold(request, with)).await
}

#[tokio::test]
async fn the_scheme_knows_no_case() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        with(&app, &[&format!("{scheme} {}", forger.token)])
            .await
            .expect(200);
    }
}

/// RFC 6750, section 3.1: who brings no token is told what to bring, not that it is wrong.
#[tokio::test]
async fn without_a_bearer_token_one_is_asked_for() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let token = &forger.token;
    for nothing in [
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
        let answer = with(&app, &[nothing]).await.expect(401);
        assert_eq!(answer.problem(), "unauthorized", "{nothing}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for (method, path) in [
        (Method::GET, format!("/users/me?access_token={token}")),
        (
            Method::GET,
            format!("/users/me?authorization=Bearer%20{token}"),
        ),
    ] {
        let answer = Response::to(app.request(method, &path)).await.expect(401);
        assert_eq!(answer.problem(), "unauthorized");
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
async fn of_two_tokens_neither_counts() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let token = &forger.token;
    for two in [
        format!("Bearer {token} {token}"),
        format!("Bearer {token}, {token}"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {token}, Basic YWRhOmVuZ2luZQ=="),
    ] {
        assert_is_refused(&with(&app, &[&two]).await, &two);
    }
    let bearer = format!("Bearer {token}");
    for two in [
        [bearer.as_str(), &bearer],
        [&bearer, "Bearer x.y.z"],
        ["Bearer x.y.z", &bearer],
        [&bearer, "Basic YWRhOmVuZ2luZQ=="],
    ] {
        assert_is_refused(&with(&app, &two).await, &two.join(" and "));
    }
}

#[tokio::test]
async fn what_is_no_text_is_no_token() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for bytes in [&b"Bearer \xff\xfe"[..], "Bearer tök.en.ä".as_bytes()] {
        let request = app.request(Method::GET, "/users/me");
        let answer = Response::to(request.header(AUTHORIZATION, bytes)).await;
        assert!([400, 401].contains(&answer.status), "{}", answer.status);
    }
    forger.accepts(&forger.token, "afterwards").await;
}
