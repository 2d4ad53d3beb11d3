use events::Event;
use serde_json::Value;
use settings::{Env, EnvError};
use store::{
    StoreError,
    images::{self, UserItem},
};
use time::OffsetDateTime;

/// The tables whose changes become events, by name.
#[derive(Debug)]
pub struct Tables(Vec<(String, Capture)>);

/// Derives the events of a record.
type Capture = fn(&Change) -> Result<Vec<Event>, RecordError>;

/// Why no events can be derived from a record. It is delivered again, and finally goes to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// An item cannot be read.
    #[error(transparent)]
    Item(#[from] StoreError),
    /// The stream is not one of a table that the function knows.
    #[error("the stream `{0}` is unknown")]
    UnknownStream(String),
    /// The record has no time.
    #[error("the record has no time")]
    NoTime,
}

/// A change of one item.
struct Change<'a> {
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    at: OffsetDateTime,
}

/// The variables that name the tables, with what derives their events.
const CAPTURES: [(&str, Capture); 5] = [
    ("USERS_TABLE", |change| {
        let (before, after) = change.items(images::user)?;
        if let (None, Some(UserItem::Deleted(deleted))) = (&before, &after) {
            return Ok(vec![events::deleted_user_event(deleted)]);
        }
        Ok(events::user_events(
            before.as_ref().and_then(UserItem::user),
            after.as_ref().and_then(UserItem::user),
        ))
    }),
    ("UPLOADS_TABLE", |change| {
        let (before, after) = change.items(images::upload)?;
        Ok(events::upload_events(
            before.as_ref(),
            after.as_ref(),
            change.at,
        ))
    }),
    ("PRODUCTS_TABLE", |change| {
        let (before, after) = change.items(images::product)?;
        Ok(events::product_events(
            before.flatten().as_ref(),
            after.flatten().as_ref(),
            change.at,
        ))
    }),
    ("ENTITLEMENTS_TABLE", |change| {
        let (before, after) = change.items(images::entitlement)?;
        Ok(events::entitlement_events(
            before.flatten().as_ref(),
            after.flatten().as_ref(),
            change.at,
        ))
    }),
    ("ORDERS_TABLE", |change| {
        let (before, after) = change.items(images::order)?;
        Ok(events::order_events(
            before.flatten().as_ref(),
            after.flatten().as_ref(),
        ))
    }),
];

impl Tables {
    /// The tables that the variables name.
    ///
    /// # Errors
    /// When a variable is not set.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let table = |(variable, capture)| Ok((env.required(variable)?, capture));
        CAPTURES
            .into_iter()
            .map(table)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Derives the events of a record of a stream.
    ///
    /// # Errors
    /// When the record is not of a known table, or an item of it cannot be read.
    pub fn events(&self, record: &Value) -> Result<Vec<Event>, RecordError> {
        let stream = record["eventSourceARN"].as_str().unwrap_or_default();
        let table = table_of(stream).unwrap_or_default();
        let capture = self.0.iter().find(|(name, _)| name == table);
        let (_, capture) = capture.ok_or_else(|| RecordError::UnknownStream(stream.to_owned()))?;
        let change = &record["dynamodb"];
        capture(&Change {
            before: change.get("OldImage"),
            after: change.get("NewImage"),
            at: time_of(&change["ApproximateCreationDateTime"]).ok_or(RecordError::NoTime)?,
        })
    }
}

impl Change<'_> {
    fn items<T>(
        &self,
        read: fn(&Value) -> Result<T, StoreError>,
    ) -> Result<(Option<T>, Option<T>), StoreError> {
        Ok((
            self.before.map(read).transpose()?,
            self.after.map(read).transpose()?,
        ))
    }
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL`
fn table_of(stream: &str) -> Option<&str> {
    let (_, resource) = stream.split_once(":table/")?;
    resource.split('/').next()
}

/// Seconds since 1970, which may have a fraction.
fn time_of(seconds: &Value) -> Option<OffsetDateTime> {
    let seconds = seconds.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit"
    )]
    let milliseconds = (seconds * 1_000.0).round() as i128;
    OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_and_the_time_of_a_record_are_read() {
        let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/app-Users/stream/2026-01-01T00:00:00.000";
        assert_eq!(table_of(arn), Some("app-Users"));
        assert_eq!(table_of("arn:aws:sqs:eu-west-1:123456789012:q"), None);
        let time = time_of(&json!(1_700_000_000.25)).unwrap();
        assert_eq!(time.unix_timestamp_nanos(), 1_700_000_000_250_000_000);
        assert_eq!(time_of(&json!("x")), None);
    }

    #[test]
    fn records_of_other_tables_are_errors() {
        let tables = Tables(Vec::new());
        let record = json!({"eventSourceARN": "arn:aws:dynamodb:r:1:table/x/stream/1"});
        let error = tables.events(&record).unwrap_err().to_string();
        assert!(error.contains("table/x/stream/1"), "{error}");
    }
}
