//! Every operation that requires an access token or an upload grant, with every kind of forged token.

use reqwest::RequestBuilder;
use serde_json::json;

use super::{Forger, Forgery, Kind, assert_is_refused};
use crate::support::{
    PASSWORD, Response, TestApp, is_full,
    routes::{Credential, Operation, operations, operations_with},
};

/// Chooses the forgeries for an operation, given its index: one of each kind, a different one for each operation. With
/// `CLOAKROOM_STRESS=full`, all of each kind. Each call forges new tokens, because some are invalid only for about a minute.
fn forgeries(forger: &Forger, operation: usize) -> Vec<Forgery> {
    let mut chosen = Vec::new();
    for kind in Kind::ALL {
        let mut all = kind.forge(forger);
        if is_full() {
            chosen.append(&mut all);
        } else {
            chosen.push(all.swap_remove(operation % all.len()));
        }
    }
    chosen
}

/// Returns the operations that require an access token, always or with a query parameter.
fn with_access_token() -> Vec<Operation> {
    let mut all = operations_with(Credential::AccessToken);
    all.extend(operations_with(Credential::AccessTokenIfAsked));
    all
}

#[tokio::test]
async fn every_operation_refuses_every_kind_of_forged_access_token() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for (i, operation) in with_access_token().into_iter().enumerate() {
        for Forgery { token, what } in forgeries(&forger, i) {
            let request = operation.request(&app, "").bearer_auth(token);
            let response = Response::to(request).await;
            assert_is_refused(&response, &format!("{operation}: {what}"));
        }
    }
    forger.accepts(&forger.token, "afterwards").await;
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

/// A grant is a path segment, so only forgeries that can be one are used.
#[tokio::test]
async fn every_operation_with_an_upload_grant_refuses_access_tokens_and_forgeries() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let is_segment = |text: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        text.chars().all(is_plain) && !text.trim_matches('.').is_empty()
    };
    for (i, operation) in operations_with(Credential::UploadGrant)
        .into_iter()
        .enumerate()
    {
        let mut forgeries = forgeries(&forger, i);
        forgeries.retain(|forgery| is_segment(&forgery.token));
        assert!(forgeries.len() > 10);
        forgeries.push(Forgery::new(forger.token.clone(), "an access token"));
        for Forgery { token, what } in forgeries {
            let response = Response::to(operation.request(&app, &token)).await;
            assert_is_refused(&response, &format!("{operation}: {what}"));
        }
    }
}

/// RFC 6750, section 3.1: the challenge to a request without a token has no `error`. Tokens in cookies are ignored.
#[tokio::test]
async fn every_operation_requires_an_access_token_exactly_where_documented() {
    let app = TestApp::start();
    let token = app.new_user("ada@example.com").await.token;
    let with_cookie = |request: RequestBuilder| {
        request.header("cookie", format!("access_token={token}; token={token}"))
    };
    for operation in operations() {
        let response = Response::to(with_cookie(operation.request(&app, "x"))).await;
        let is_required = response.status == 401 && response.problem() == "unauthorized";
        let credential = operation.credential();
        // A read that takes a token if it is asked for returns public resources without one.
        let is_documented = match credential {
            Credential::AccessToken => true,
            Credential::AccessTokenIfAsked => operation.method != reqwest::Method::GET,
            _ => false,
        };
        assert_eq!(
            is_required, is_documented,
            "{operation}: {credential:?} {response:?}"
        );
        if is_documented {
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
    }
    let body = json!({"refreshToken": "x"});
    app.post("/signout", &body).await.expect(204);
}
