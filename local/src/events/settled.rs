//! Tells whether all events are delivered, for tests that wait for their effects.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::get};
use http::Uri;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Bus, StreamPosition};
use crate::{dynamodb::Streams, function::Pool, payments::Payments, sqs::Queues};

/// How often the state is checked while a request waits.
const PAUSE: Duration = Duration::from_millis(2);
/// The longest wait of a request.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The parts of the system that deliver events.
#[derive(Clone)]
pub(crate) struct Settlement {
    pub(crate) functions: BTreeMap<String, Arc<Pool>>,
    pub(crate) bus: Bus,
    pub(crate) streams: Streams,
    pub(crate) positions: Vec<StreamPosition>,
    pub(crate) queues: Queues,
    pub(crate) payments: Payments,
    /// The names of the queues that functions read.
    pub(crate) sources: BTreeSet<String>,
}

impl Settlement {
    /// Returns the page at `/settled`.
    pub(crate) fn into_router(self) -> Router {
        Router::new().route("/settled", get(page)).with_state(self)
    }

    /// Lists what is not delivered yet. Empty means that all functions are idle, that all records of streams and all visible
    /// messages of queues with a function are processed, and that the payment provider has sent its webhooks. What waits for a
    /// later time does not count until then: messages with a delay, and webhooks that were refused and will be sent again. Webhooks
    /// that a test holds do not count.
    pub(crate) fn pending(&self) -> Vec<String> {
        let before = self.changes();
        let mut pending = self.check();
        // What moved from a part that was not yet checked to one that was, changed a count.
        if pending.is_empty() && self.changes() != before {
            pending.push("something changed during the check".to_owned());
        }
        pending
    }

    fn changes(&self) -> [u64; 4] {
        [
            self.streams.change_count(),
            self.queues.change_count(),
            self.bus.started(),
            self.payments.event_count(),
        ]
    }

    fn check(&self) -> Vec<String> {
        let mut pending = Vec::new();
        let written = self.streams.change_count();
        for position in &self.positions {
            if position.read_until() < written {
                pending.push(format!("stream of {}", position.name()));
            }
        }
        for name in &self.sources {
            let Some(queue) = self.queues.find(name) else {
                continue;
            };
            match self.queues.counts(queue) {
                Ok(counts) if counts.visible + counts.in_flight == 0 => {}
                Ok(counts) => pending.push(format!(
                    "queue {name}: {} waiting, {} in flight",
                    counts.visible, counts.in_flight
                )),
                Err(error) => pending.push(format!("queue {name}: {error}")),
            }
        }
        match self.bus.running() {
            0 => {}
            running => pending.push(format!("{running} asynchronous invocations")),
        }
        match self.payments.due_webhooks() {
            0 => {}
            left => pending.push(format!("{left} webhooks of the payment provider")),
        }
        for pool in self.functions.values().filter(|pool| pool.is_busy()) {
            pending.push(format!("function {}", pool.function().binary));
        }
        pending
    }
}

async fn page(State(settlement): State<Settlement>, uri: Uri) -> Json<Value> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let wait = query.filter(|(name, _)| name == "wait").last();
    let wait = wait
        .and_then(|(_, milliseconds)| milliseconds.parse().ok())
        .unwrap_or(0);
    let wait = Duration::from_millis(wait).min(LONGEST_WAIT);
    let end = Instant::now() + wait;
    loop {
        let pending = settlement.pending();
        if pending.is_empty() || Instant::now() >= end {
            return Json(json!({"settled": pending.is_empty(), "pending": pending}));
        }
        sleep(PAUSE).await;
    }
}
