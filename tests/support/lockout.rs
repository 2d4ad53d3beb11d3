//! Reads and sets the lockout of an account in the credentials table.

use serde_json::{Value, json};

use super::TestApp;

/// A time long past, in milliseconds since 1970.
pub const FAR_PAST: i64 = 1;
/// A time in the year 2100, in milliseconds since 1970.
pub const FAR_FUTURE: i64 = 4_102_444_800_000;

impl TestApp {
    /// Returns the failure count of an account, and the end of its lockout in milliseconds since 1970.
    pub async fn lockout(&self, email: &str) -> (u64, Option<i64>) {
        let response = self
            .credentials("GetItem", email, json!({"ConsistentRead": true}))
            .await;
        let number = |name: &str| {
            Some(
                response["Item"][name]["N"]
                    .as_str()?
                    .parse::<i64>()
                    .unwrap(),
            )
        };
        let failures = number("failures").unwrap_or_default();
        (u64::try_from(failures).unwrap(), number("locked_until"))
    }

    /// Sets the failure count and the end of the lockout.
    pub async fn set_lockout(&self, email: &str, failures: u64, until: i64) {
        let update = json!({
            "UpdateExpression": "SET failures = :failures, locked_until = :until",
            "ConditionExpression": "attribute_exists(email)",
            "ExpressionAttributeValues": {
                ":failures": {"N": failures.to_string()}, ":until": {"N": until.to_string()},
            },
        });
        self.credentials("UpdateItem", email, update).await;
    }

    /// Sets the end of the lockout, and keeps the failure count.
    pub async fn set_locked_until(&self, email: &str, until: i64) {
        let (failures, _) = self.lockout(email).await;
        self.set_lockout(email, failures, until).await;
    }

    async fn credentials(&self, operation: &str, email: &str, mut body: Value) -> Value {
        body["TableName"] = json!("cloakroom-dev-CredentialsTable");
        body["Key"] = json!({"email": {"S": email}});
        let target = format!("DynamoDB_20120810.{operation}");
        let response = self.call_engine("dynamodb", "local", &target, &body).await;
        response.expect(200).json()
    }
}
