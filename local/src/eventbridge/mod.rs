//! The `EventBridge` engine, with one operation: `PutEvents`.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

mod entry;

use std::sync::Arc;

use axum::{Router, body::Body, extract::State};
use clock::Clock;
use http::{Request, Response};
use sam_template::{ACCOUNT, DEFAULT_BUS, PARTITION, REGION};
use serde_json::{Value, json};

use self::entry::Entry;
use crate::{
    aws_json::{self, AwsError, Dialect},
    events::Bus,
    iam::{Caller, Context, Principals},
};

/// The maximum number of events of a request.
const MAX_ENTRIES: usize = 10;
/// The maximum size of all events of a request in bytes.
/// <https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb>
const MAX_SIZE: usize = 1_048_576;

/// The `EventBridge` engine.
pub(crate) struct EventBridge {
    pub(crate) bus: Bus,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
}

impl EventBridge {
    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }

    async fn handle(&self, request: Request<Body>) -> Result<Value, AwsError> {
        let (parts, body) = aws_json::read(request).await?;
        let now = self.clock.now();
        let caller = self
            .principals
            .authenticate("events", (&parts, &body), now)?;
        match Dialect::Events.operation(&parts.headers) {
            Some("PutEvents") => self.put_events(caller, &aws_json::parse(&body)?),
            _ => Err(AwsError::bare("UnknownOperationException")),
        }
    }

    fn put_events(&self, caller: Caller<'_>, body: &Value) -> Result<Value, AwsError> {
        let entries = body["Entries"].as_array().map_or(&[][..], Vec::as_slice);
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            let limit = if entries.is_empty() {
                "greater than or equal to 1"
            } else {
                "less than or equal to 10"
            };
            return Err(AwsError::new(
                "ValidationException",
                format!(
                    "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
                     {limit}"
                ),
            ));
        }
        let entries: Vec<_> = entries.iter().map(Entry::new).collect();
        let size: usize = entries.iter().map(Entry::size).sum();
        if size > MAX_SIZE {
            return Err(AwsError::new(
                "ValidationException",
                format!(
                    "Total size of the entries in the request is over the limit: {size} bytes, at most {MAX_SIZE}."
                ),
            ));
        }
        for entry in &entries {
            authorize(caller, entry)?;
        }
        let results: Vec<_> = entries.iter().map(|entry| self.put(entry)).collect();
        let failed = results.iter().filter(|result| result.is_err()).count();
        let results = results.into_iter().map(|result| match result {
            Ok(id) => json!({ "EventId": id }),
            Err(error) => json!({"ErrorCode": error.0, "ErrorMessage": error.1}),
        });
        Ok(json!({"FailedEntryCount": failed, "Entries": results.collect::<Vec<_>>()}))
    }

    /// Puts an event on its bus and returns its id.
    fn put(&self, entry: &Entry) -> Result<Value, (&'static str, String)> {
        let event = entry.event(self.clock.now())?;
        let bus = bus_name(entry.bus());
        if !self.bus.has_bus(bus) {
            // EventBridge accepts an event for a bus that does not exist, and drops it.
            self.bus.warn_of_unknown_bus(bus);
            return Ok(event["id"].clone());
        }
        self.bus.put(bus, &event);
        Ok(event["id"].clone())
    }
}

async fn handle(State(engine): State<Arc<EventBridge>>, request: Request<Body>) -> Response<Body> {
    match engine.handle(request).await {
        Ok(response) => Dialect::Events.success(&response),
        Err(error) => Dialect::Events.error(&error),
    }
}

/// Checks that the caller may put an event on its bus.
fn authorize(caller: Caller<'_>, entry: &Entry) -> Result<(), AwsError> {
    let bus = bus_name(entry.bus());
    let arn = format!("arn:{PARTITION}:events:{REGION}:{ACCOUNT}:event-bus/{bus}");
    let context = Context::from([
        ("events:source", vec![entry.source().to_owned()]),
        ("events:detail-type", vec![entry.detail_type().to_owned()]),
    ]);
    Ok(caller.check_in("events:PutEvents", &arn, &context)?)
}

/// Returns the name of a bus, which requests give by name or ARN.
fn bus_name(bus: Option<&str>) -> &str {
    let bus = bus.unwrap_or(DEFAULT_BUS);
    bus.rsplit_once(":event-bus/").map_or(bus, |(_, name)| name)
}
