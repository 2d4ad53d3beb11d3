use serde::Serialize;
use serde_json::Value;
use store::{MailOrder, StoreError};

use crate::{App, order};

/// What Lambda is told of a batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// New orders, oldest first. At the first that fails it stops: Lambda brings that one and all after it again, so none
/// before it is sent twice.
pub async fn batch(app: &App, event: &Value) -> Report {
    for record in event["Records"].as_array().into_iter().flatten() {
        let sequence_number = record["dynamodb"]["SequenceNumber"].as_str();
        let sequence_number = sequence_number.unwrap_or_default();
        let sent = match read(record) {
            Ok((id, order)) => order::fulfil(app, id, &order).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = sent {
            tracing::error!(sequence_number, %error, "mail_not_sent");
            let item_identifier = sequence_number.to_owned();
            return Report {
                batch_item_failures: vec![Failure { item_identifier }],
            };
        }
    }
    Report::default()
}

/// An order and its id.
fn read(record: &Value) -> Result<(&str, MailOrder), StoreError> {
    let image = &record["dynamodb"]["NewImage"];
    let text = |name: &str| image[name]["S"].as_str();
    let id = text("id").ok_or(StoreError::Corrupt("id"))?;
    Ok((id, MailOrder::read(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_event_is_an_order() {
        let event = include_str!("../../../events/outbox-insert.json");
        let event: Value = serde_json::from_str(event).unwrap();
        for record in event["Records"].as_array().unwrap() {
            let (id, order) = read(record).unwrap();
            assert_eq!(
                (id, order.kind()),
                ("reset#nobody@example.com#5890752", "reset")
            );
        }
    }

    #[test]
    fn lambda_is_told_in_its_own_words() {
        let report = Report {
            batch_item_failures: vec![Failure {
                item_identifier: "7".to_owned(),
            }],
        };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(json, r#"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#);
    }
}
