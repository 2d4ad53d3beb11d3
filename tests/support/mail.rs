//! Mail in the outbox, the routes that mail links lead to, and the items behind them.

use auth::email_token::EmailToken;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Response, TestApp, eventually};

impl TestApp {
    /// Lists the mails to an address so far, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Value> {
        let outbox = Response::to(self.request(Method::GET, "/outbox.json")).await;
        let mut mails: Vec<_> = outbox
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .iter()
            .filter(|mail| mail["to"] == json!([address]))
            .cloned()
            .collect();
        mails.reverse();
        mails
    }

    /// Waits for a mail to an address whose subject contains `subject`.
    pub async fn mail_to(&self, address: &str, subject: &str) -> Value {
        let mut found = Value::Null;
        let matches = |mail: &Value| mail["subject"].as_str().unwrap().contains(subject);
        eventually(
            async || match self.mails_to(address).await.into_iter().find(matches) {
                Some(mail) => {
                    found = mail;
                    true
                }
                None => false,
            },
        )
        .await;
        found
    }

    pub async fn forgot_password(&self, email: &str) -> Response {
        self.post("/password/forgot", &json!({ "email": email }))
            .await
    }

    pub async fn reset_password(&self, token: &str, password: &str) -> Response {
        let body = json!({"token": token, "newPassword": password});
        self.post("/password/reset", &body).await
    }

    pub async fn verify_email(&self, token: &str) -> Response {
        self.post("/verify-email", &json!({ "token": token })).await
    }

    pub async fn finish_sign_up(&self, token: &str, password: &str) -> Response {
        let body = json!({"token": token, "password": password});
        self.post("/verify-email", &body).await
    }

    /// Reads an item with the operator's key.
    pub async fn get_item(&self, table: &str, key: &Value) -> Value {
        let body = json!({"TableName": table_name(table), "Key": key});
        self.call_dynamodb("GetItem", &body).await["Item"].clone()
    }

    /// Updates an item with the operator's key. In the update expression, `#name` stands for the attribute `name`.
    pub async fn update_item(&self, table: &str, key: &Value, update: &str, values: &Value) {
        let names: serde_json::Map<_, _> = update
            .split_whitespace()
            .filter_map(|word| word.strip_prefix('#'))
            .map(|name| (format!("#{name}"), json!(name)))
            .collect();
        let mut body = json!({
            "TableName": table_name(table), "Key": key, "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        });
        if !names.is_empty() {
            body["ExpressionAttributeNames"] = names.into();
        }
        self.call_dynamodb("UpdateItem", &body).await;
    }

    /// Inserts an e-mail token with these attributes, and returns it. No mail is sent.
    pub async fn insert_email_token(&self, seconds: i64, attributes: &Value) -> String {
        let token = EmailToken::generate().unwrap();
        let mut item = attributes.clone();
        item["id"] = json!({"S": token.digest()});
        item["expires_at"] = json!({"N": seconds_from_now(seconds)});
        let body = json!({"TableName": table_name("EmailTokens"), "Item": item});
        self.call_dynamodb("PutItem", &body).await;
        secrecy::ExposeSecret::expose_secret(&token.to_text()).to_owned()
    }

    async fn call_dynamodb(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let response = self.call_engine("dynamodb", "local", &target, body).await;
        response.expect(200).json()
    }
}

fn table_name(table: &str) -> String {
    format!("cloakroom-dev-{table}Table")
}

/// Returns the time in `seconds` from now, in seconds since 1970, as the tables store it.
#[expect(
    clippy::disallowed_methods,
    reason = "the system under test runs by the real clock"
)]
pub fn seconds_from_now(seconds: i64) -> String {
    (OffsetDateTime::now_utc().unix_timestamp() + seconds).to_string()
}

/// Returns the token of the link `#action=…` in a mail, after checking that the text and the HTML part have the same one.
#[track_caller]
pub fn token_in(mail: &Value, action: &str) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text
        .split_once(&format!("#{action}="))
        .unwrap_or_else(|| panic!("{text}"));
    let token = rest.split_whitespace().next().unwrap();
    assert!(
        mail["html"]
            .as_str()
            .unwrap()
            .contains(&format!("#{action}={token}\""))
    );
    token.to_owned()
}
