//! Access tokens that the system did not issue. Each forgery is one change to a token that is accepted without it.

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

/// The holder of the system's private key, with a token that the system issued to a user.
pub struct Forger<'a> {
    app: &'a TestApp,
    signer: Signer,
    /// The user's own token, and its parts.
    token: String,
    header: Value,
    claims: Value,
    /// A token of another user.
    other_token: String,
    /// What the system publishes of its key: the answer of the JWKS route, and the parameter.
    jwks: Response,
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
        // The control: what is signed here without a change is as good as the system's own.
        let same = forger.signer.token(&forger.header, &forger.claims);
        forger.accepts(&same, "the control").await;
        forger
    }

    /// A well signed token with members of the header replaced; `null` removes one.
    fn with_header(&self, change: &Value) -> String {
        self.signer
            .token(&changed(&self.header, change), &self.claims)
    }

    /// A well signed token with claims replaced; `null` removes one.
    fn with_claims(&self, change: &Value) -> String {
        self.signer
            .token(&self.header, &changed(&self.claims, change))
    }

    async fn present(&self, token: &str) -> Response {
        let request = self.app.request(Method::GET, "/users/me");
        Response::to(request.bearer_auth(token)).await
    }

    async fn accepts(&self, token: &str, what: &str) {
        let answer = self.present(token).await;
        assert_eq!(answer.status, 200, "{what}: {token}");
        assert_eq!(answer.json()["user"]["id"], self.claims["sub"], "{what}");
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

/// A JSON object with members replaced, or removed where the change says `null`.
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

fn assert_is_refused(answer: &Response, what: &str) {
    assert_eq!(answer.status, 401, "{what}");
    assert_eq!(answer.problem(), "invalid_token", "{what}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some("Bearer error=\"invalid_token\""), "{what}");
}

/// Seconds since 1970.
fn now() -> i64 {
    Clock::system().now().unix_timestamp()
}
