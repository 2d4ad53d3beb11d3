//! Forged access tokens. Each forgery is a valid token with one change.

mod authorization;
mod claims;
mod headers;
mod keys;
mod kinds;
mod operations;
mod rotation;
mod signatures;

use domain::Clock;
use reqwest::Method;
use serde_json::Value;

pub use kinds::{Forgery, Kind};

use crate::support::{Response, Signer, TestApp, parts};

/// Forges tokens with the system's private key and a token that the system issued.
pub struct Forger<'a> {
    app: &'a TestApp,
    signer: Signer,
    /// The user's token, as issued.
    token: String,
    header: Value,
    claims: Value,
    /// A token of another user.
    other_token: String,
    /// The response of the JWKS route.
    jwks: Response,
    /// The parameter of the public key.
    public_key: String,
}

impl<'a> Forger<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let signer = app.signer().await;
        let token = app.new_user("ada@example.com").await.token;
        let (header, claims, _) = parts(&token);
        let public_key = app.parameters().await[&format!("keys/public/{}", signer.kid)].clone();
        let forger = Self {
            app,
            signer,
            token,
            header,
            claims,
            other_token: app.new_user("other@example.com").await.token,
            jwks: app.get("/.well-known/jwks.json").await.expect(200),
            public_key,
        };
        // A token that is signed here without a change must be accepted; otherwise all forgeries would be refused.
        let same = forger.signer.token(&forger.header, &forger.claims);
        forger.accepts(&same, "an unchanged token").await;
        forger
    }

    /// Signs a token with members of the header replaced; `null` removes a member.
    fn with_header(&self, change: &Value) -> String {
        self.signer
            .token(&changed(&self.header, change), &self.claims)
    }

    /// Signs a token with claims replaced; `null` removes a claim.
    fn with_claims(&self, change: &Value) -> String {
        self.signer
            .token(&self.header, &changed(&self.claims, change))
    }

    async fn present(&self, token: &str) -> Response {
        let request = self.app.request(Method::GET, "/users/me");
        Response::to(request.bearer_auth(token)).await
    }

    async fn accepts(&self, token: &str, what: &str) {
        let response = self.present(token).await;
        assert_eq!(response.status, 200, "{what}: {token}");
        assert_eq!(response.json()["user"]["id"], self.claims["sub"], "{what}");
    }

    async fn refuses(&self, token: &str, what: &str) {
        assert_is_refused(&self.present(token).await, what);
    }

    /// Asserts that `GET /users/me` refuses all forgeries of a kind.
    async fn refuses_all(&self, kind: Kind) {
        for Forgery { token, what } in kind.forge(self) {
            self.refuses(&token, &what).await;
        }
    }
}

/// Copies a JSON object with members replaced; `null` removes a member.
fn changed(object: &Value, change: &Value) -> Value {
    let mut object = object.clone();
    let members = object.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    object
}

fn assert_is_refused(response: &Response, what: &str) {
    assert_eq!(response.status, 401, "{what}");
    assert_eq!(response.problem(), "invalid_token", "{what}");
    let challenge = response.header("www-authenticate");
    assert_eq!(challenge, Some("Bearer error=\"invalid_token\""), "{what}");
}

/// Returns the current time in seconds since 1970.
fn now() -> i64 {
    Clock::system().now().unix_timestamp()
}
