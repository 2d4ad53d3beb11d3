use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{Answer, PASSWORD, TestApp};

/// Somebody with an account and an access token.
pub struct SignedIn<'a> {
    app: &'a TestApp,
    pub token: String,
    pub refresh_token: String,
    pub id: String,
}

impl<'a> SignedIn<'a> {
    /// From the answer to a sign-in.
    #[track_caller]
    pub fn new(app: &'a TestApp, answer: Answer) -> Self {
        let answer = answer.expect(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            app,
            token: text(&answer["accessToken"]),
            refresh_token: text(&answer["refreshToken"]),
            id: text(&answer["user"]["id"]),
        }
    }

    /// Whoever holds this token.
    pub fn with_token(app: &'a TestApp, token: String) -> Self {
        let (refresh_token, id) = (String::new(), String::new());
        Self {
            app,
            token,
            refresh_token,
            id,
        }
    }

    /// The session that the sign-in began.
    pub fn session_id(&self) -> String {
        let token = auth::refresh::RefreshToken::parse(&self.refresh_token).unwrap();
        token.session_id().to_string()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::DELETE, path).json(body)).await
    }
}

impl TestApp {
    /// Somebody with an account and the role of an administrator, signed in.
    pub async fn admin(&self, email: &str) -> SignedIn<'_> {
        self.sign_up(email, PASSWORD).await.expect(201);
        self.make_admin(email);
        SignedIn::new(self, self.sign_in(email, PASSWORD).await)
    }

    /// Gives an account the role, as the operator does.
    pub fn make_admin(&self, email: &str) {
        let output = self.users(&["roles", email, "--set", "admin"]);
        assert!(output.status.success(), "{output:?}");
    }
}
