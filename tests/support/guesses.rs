//! What the credentials table says of wrong guesses, and how time is made to pass for it.

use serde_json::{Value, json};

use super::TestApp;

/// Long over, in milliseconds since 1970.
pub const LONG_AGO: i64 = 1;
/// In the year 2100.
pub const LONG_FROM_NOW: i64 = 4_102_444_800_000;

impl TestApp {
    /// The failures of an account, and the end of its wait in milliseconds since 1970.
    pub async fn guesses(&self, email: &str) -> (u64, Option<i64>) {
        let answer = self
            .credentials("GetItem", email, json!({"ConsistentRead": true}))
            .await;
        let number = |name: &str| Some(answer["Item"][name]["N"].as_str()?.parse::<i64>().unwrap());
        let failures = number("failures").unwrap_or_default();
        (u64::try_from(failures).unwrap(), number("locked_until"))
    }

    /// Makes it so many failures and a wait until then, as time would.
    pub async fn set_guesses(&self, email: &str, failures: u64, until: i64) {
        let update = json!({
            "UpdateExpression": "SET failures = :failures, locked_until = :until",
            "ConditionExpression": "attribute_exists(email)",
            "ExpressionAttributeValues": {
                ":failures": {"N": failures.to_string()}, ":until": {"N": until.to_string()},
            },
        });
        self.credentials("UpdateItem", email, update).await;
    }

    /// Ends an account's wait, or makes it last.
    pub async fn wait_until(&self, email: &str, until: i64) {
        let (failures, _) = self.guesses(email).await;
        self.set_guesses(email, failures, until).await;
    }

    async fn credentials(&self, operation: &str, email: &str, mut body: Value) -> Value {
        body["TableName"] = json!("cloakroom-dev-CredentialsTable");
        body["Key"] = json!({"email": {"S": email}});
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = self.call_engine("dynamodb", "local", &target, &body).await;
        answer.expect(200).json()
    }
}
