use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{PASSWORD, Response, TestApp};

/// A user with an account and an access token.
pub struct SignedIn<'a> {
    app: &'a TestApp,
    pub token: String,
    pub refresh_token: String,
    pub id: String,
}

impl<'a> SignedIn<'a> {
    /// Reads the tokens and the user from the response to a sign-in.
    #[track_caller]
    pub fn new(app: &'a TestApp, sign_in: Response) -> Self {
        let body = sign_in.expect(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            app,
            token: text(&body["accessToken"]),
            refresh_token: text(&body["refreshToken"]),
            id: text(&body["user"]["id"]),
        }
    }

    /// Creates a client that sends this access token and knows no refresh token and no user id.
    pub fn with_token(app: &'a TestApp, token: String) -> Self {
        let (refresh_token, id) = (String::new(), String::new());
        Self {
            app,
            token,
            refresh_token,
            id,
        }
    }

    /// Returns the id of the session that the sign-in started.
    pub fn session_id(&self) -> String {
        let token = auth::refresh::RefreshToken::parse(&self.refresh_token).unwrap();
        token.session_id().to_string()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Response {
        Response::to(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        Response::to(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        Response::to(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        Response::to(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str, body: &Value) -> Response {
        Response::to(self.request(Method::DELETE, path).json(body)).await
    }
}

/// Returns the key of a session's item.
pub fn session_key(id: &str) -> Value {
    let part = domain::SessionId::parse(id).unwrap().user_part();
    json!({"user_part": {"S": part}, "id": {"S": id}})
}

impl TestApp {
    /// Creates an account with the role `admin` and signs in.
    pub async fn admin(&self, email: &str) -> SignedIn<'_> {
        self.sign_up(email, PASSWORD).await.expect(201);
        self.make_admin(email);
        SignedIn::new(self, self.sign_in(email, PASSWORD).await)
    }

    /// Adds the role `admin` to an account with the operator's command.
    pub fn make_admin(&self, email: &str) {
        let output = self.run_users(&["roles", email, "--set", "admin"]);
        assert!(output.status.success(), "{output:?}");
    }
}
