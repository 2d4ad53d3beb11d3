//! One entry of `PutEvents`.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>

use sam_template::{ACCOUNT, REGION};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// One entry.
pub(super) struct Entry<'a>(&'a Value);

/// The code and the message of an invalid entry.
type Invalid = (&'static str, String);

impl<'a> Entry<'a> {
    pub(super) fn new(entry: &'a Value) -> Self {
        Self(entry)
    }

    pub(super) fn bus(&self) -> Option<&'a str> {
        self.0["EventBusName"].as_str()
    }

    pub(super) fn source(&self) -> &'a str {
        self.text("Source")
    }

    pub(super) fn detail_type(&self) -> &'a str {
        self.text("DetailType")
    }

    fn text(&self, name: &str) -> &'a str {
        self.0[name].as_str().unwrap_or_default()
    }

    /// Returns the size as `EventBridge` counts it
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).
    pub(super) fn size(&self) -> usize {
        let time = if self.0["Time"].is_null() { 0 } else { 14 };
        let resources = self.0["Resources"].as_array().into_iter().flatten();
        let resources: usize = resources.filter_map(Value::as_str).map(str::len).sum();
        let texts = ["Source", "DetailType", "Detail"].map(|name| self.text(name).len());
        time + texts.iter().sum::<usize>() + resources
    }

    /// Returns the event that rules see.
    pub(super) fn event(&self, now: OffsetDateTime) -> Result<Value, Invalid> {
        for name in ["Source", "DetailType", "Detail"] {
            if self.text(name).is_empty() {
                return Err((
                    "InvalidArgument",
                    format!(
                        "Parameter {name} is not valid. Reason: {name} is a required argument."
                    ),
                ));
            }
        }
        let source = self.source();
        if source.starts_with("aws.") {
            let message = format!(
                "Not authorized to use the source {source}: only AWS services may use `aws.`."
            );
            return Err(("NotAuthorizedForSourceException", message));
        }
        // An object, not another kind of JSON.
        let detail: Map<String, Value> = serde_json::from_str(self.text("Detail"))
            .map_err(|_| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let time = self.time().unwrap_or(now);
        let time = time.replace_nanosecond(0).unwrap_or(time);
        let resources = self.0["Resources"].as_array().cloned().unwrap_or_default();
        Ok(json!({
            "version": "0",
            "id": Uuid::new_v4(),
            "detail-type": self.detail_type(),
            "source": source,
            "account": ACCOUNT,
            "time": time.format(&Rfc3339).unwrap_or_default(),
            "region": REGION,
            "resources": resources,
            "detail": detail,
        }))
    }

    /// Returns the time in the entry, which is in seconds since 1970.
    fn time(&self) -> Option<OffsetDateTime> {
        let seconds = self.0["Time"].as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a fraction of a second is dropped"
        )]
        let seconds = seconds as i64;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    }
}
