//! What people get by mail, and what lies in the tables behind it.

use auth::email_token::EmailToken;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Answer, TestApp, eventually};

impl TestApp {
    /// The mail to an address so far, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Value> {
        let outbox = Answer::of(self.request(Method::GET, "/outbox.json")).await;
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

    /// The mail to an address with this in its subject, once it is there.
    pub async fn mail_to(&self, address: &str, subject: &str) -> Value {
        let mut found = Value::Null;
        let is = |mail: &Value| mail["subject"].as_str().unwrap().contains(subject);
        eventually(
            async || match self.mails_to(address).await.into_iter().find(is) {
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

    pub async fn forgot(&self, email: &str) -> Answer {
        self.post("/password/forgot", &json!({ "email": email }))
            .await
    }

    pub async fn reset(&self, token: &str, password: &str) -> Answer {
        let body = json!({"token": token, "newPassword": password});
        self.post("/password/reset", &body).await
    }

    pub async fn verify_email(&self, token: &str) -> Answer {
        self.post("/verify-email", &json!({ "token": token })).await
    }

    pub async fn finish_sign_up(&self, token: &str, password: &str) -> Answer {
        let body = json!({"token": token, "password": password});
        self.post("/verify-email", &body).await
    }

    /// An item, by the operator.
    pub async fn item(&self, table: &str, key: &Value) -> Value {
        let body = json!({"TableName": name(table), "Key": key});
        self.operate("GetItem", &body).await["Item"].clone()
    }

    /// Changes an item, by the operator: an update expression with its values; attributes may be called by `#` and their
    /// name.
    pub async fn change_item(&self, table: &str, key: &Value, update: &str, values: &Value) {
        let names: serde_json::Map<_, _> = update
            .split_whitespace()
            .filter_map(|word| word.strip_prefix('#'))
            .map(|name| (format!("#{name}"), json!(name)))
            .collect();
        let mut body = json!({
            "TableName": name(table), "Key": key, "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        });
        if !names.is_empty() {
            body["ExpressionAttributeNames"] = names.into();
        }
        self.operate("UpdateItem", &body).await;
    }

    /// A token that no mail brought: the attributes of its item, besides digest and expiry.
    pub async fn plant_token(&self, seconds: i64, attributes: &Value) -> String {
        let token = EmailToken::generate().unwrap();
        let mut item = attributes.clone();
        item["id"] = json!({"S": token.digest()});
        item["expires_at"] = json!({"N": in_seconds(seconds)});
        let body = json!({"TableName": name("EmailTokens"), "Item": item});
        self.operate("PutItem", &body).await;
        secrecy::ExposeSecret::expose_secret(&token.to_text()).to_owned()
    }

    async fn operate(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = self.call_engine("dynamodb", "local", &target, body).await;
        answer.expect(200).json()
    }
}

fn name(table: &str) -> String {
    format!("cloakroom-dev-{table}Table")
}

/// The time in so many seconds, as tables have it.
#[expect(
    clippy::disallowed_methods,
    reason = "the system under test runs by the real clock"
)]
pub fn in_seconds(seconds: i64) -> String {
    (OffsetDateTime::now_utc().unix_timestamp() + seconds).to_string()
}

/// The token in a mail's link, which both of its parts have.
#[track_caller]
pub fn token_in(mail: &Value, what: &str) -> String {
    let text = mail["text"].as_str().unwrap();
    let (_, rest) = text
        .split_once(&format!("#{what}="))
        .unwrap_or_else(|| panic!("{text}"));
    let token = rest.split_whitespace().next().unwrap();
    assert!(
        mail["html"]
            .as_str()
            .unwrap()
            .contains(&format!("#{what}={token}\""))
    );
    token.to_owned()
}
