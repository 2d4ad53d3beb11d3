use domain::Languages;
use http_api::BatchResponse;
use metrics::Metric;
use serde_json::Value;
use store::{MailOrder, StoreError, languages_of};

use crate::{App, order};

/// Fulfils the orders of a batch, oldest first, up to the first that may succeed later. Lambda delivers that order and all
/// after it again, so no earlier mail is sent twice. A mail that fails for a reason of its own does not delay later ones.
pub async fn fulfil_batch(app: &App, event: &Value) -> BatchResponse {
    for record in event["Records"].as_array().into_iter().flatten() {
        let sequence_number = record["dynamodb"]["SequenceNumber"].as_str();
        let sequence_number = sequence_number.unwrap_or_default();
        let sent = match parse(record) {
            Ok((id, order, languages)) => order::fulfil(app, id, &order, &languages).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = sent {
            if error.is_of_this_mail() {
                metrics::count(Metric::MailsRefused);
                tracing::error!(sequence_number, %error, "mail_refused");
                continue;
            }
            tracing::error!(sequence_number, %error, "mail_not_sent");
            let mut response = BatchResponse::default();
            response.add_failure(sequence_number);
            return response;
        }
    }
    BatchResponse::default()
}

/// Parses an order, its id and its languages from a stream record.
fn parse(record: &Value) -> Result<(&str, MailOrder, Languages), StoreError> {
    let image = &record["dynamodb"]["NewImage"];
    let text = |name: &str| image[name]["S"].as_str();
    let id = text("id").ok_or(StoreError::Corrupt("id"))?;
    Ok((id, MailOrder::read(text)?, languages_of(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_event_is_an_order() {
        let event = include_str!("../../../events/outbox-insert.json");
        let event: Value = serde_json::from_str(event).unwrap();
        for record in event["Records"].as_array().unwrap() {
            let (id, order, languages) = parse(record).unwrap();
            let email = &record["dynamodb"]["NewImage"]["email_canonical"]["S"];
            let expected = format!("reset#{}#5890752", email.as_str().unwrap());
            assert_eq!((id, order.kind()), (expected.as_str(), "reset"));
            assert_eq!(languages.text().as_deref(), Some("de-at,en"));
        }
    }
}
