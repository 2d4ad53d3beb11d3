//! All operations that take an access token or an upload grant, with all kinds of forged ones.

use std::env;

use reqwest::RequestBuilder;
use serde_json::json;

use super::{Forger, Forgery, Kind, assert_is_refused};
use crate::support::{
    PASSWORD, Response, TestApp,
    routes::{Credential, Operation, operations, operations_with},
};

/// The forgeries that one operation is tried with: one of each kind, another one for each operation. With
/// `CLOAKROOM_STRESS=full`, all of each kind. Made anew each time: some are forged by less than a minute.
fn forgeries(forger: &Forger, operation: usize) -> Vec<Forgery> {
    let is_full = env::var("CLOAKROOM_STRESS").is_ok_and(|value| value == "full");
    let mut chosen = Vec::new();
    for kind in Kind::ALL {
        let mut all = kind.forge(forger);
        if is_full {
            chosen.append(&mut all);
        } else {
            chosen.push(all.swap_remove(operation % all.len()));
        }
    }
    chosen
}

/// The operations that take an access token, at least if a parameter asks for it.
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
            let answer = Response::to(request).await;
            assert_is_refused(&answer, &format!("{operation}: {what}"));
        }
    }
    forger.accepts(&forger.token, "afterwards").await;
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

/// A grant is in the path, so a forgery that a URL cannot carry is not tried.
#[tokio::test]
async fn every_operation_with_a_grant_refuses_access_tokens_and_forgeries_in_its_place() {
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
            let answer = Response::to(operation.request(&app, &token)).await;
            assert_is_refused(&answer, &format!("{operation}: {what}"));
        }
    }
}

/// RFC 6750, section 3.1: a request without a token is told what to bring, not that it is wrong.
#[tokio::test]
async fn every_operation_asks_for_an_access_token_exactly_when_the_document_says_so() {
    let app = TestApp::start();
    let token = app.new_user("ada@example.com").await.token;
    let in_other_places = |request: RequestBuilder| {
        request.header("cookie", format!("access_token={token}; token={token}"))
    };
    for operation in operations() {
        let answer = Response::to(in_other_places(operation.request(&app, "x"))).await;
        let is_asked_for = answer.status == 401 && answer.problem() == "unauthorized";
        let credential = operation.credential();
        let takes_one = matches!(
            credential,
            Credential::AccessToken | Credential::AccessTokenIfAsked
        );
        assert_eq!(
            is_asked_for, takes_one,
            "{operation}: {credential:?} {answer:?}"
        );
        if takes_one {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let body = json!({"refreshToken": "x"});
    app.post("/signout", &body).await.expect(204);
}
