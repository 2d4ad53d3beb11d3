//! Delivers events to functions: `EventBridge` rules, schedules, asynchronous invocations and `DynamoDB` streams.
//! Failed invocations are retried as Lambda does.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

mod checkpoints;
mod follow;
mod schedule;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use serde_json::Value;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

pub(crate) use self::{
    checkpoints::Checkpoints,
    follow::{StreamContext, start as consume_streams},
    schedule::start as start_schedules,
};
use crate::{
    front::trace_id,
    function::{Failure, Pool},
    ui::Ui,
};

/// The waits before the retries of a failed invocation. Lambda waits one and two minutes.
const BACKOFF: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// The event bus. Clones share the same state.
#[derive(Clone)]
pub(crate) struct Bus(Arc<Shared>);

struct Shared {
    functions: BTreeMap<String, Arc<Pool>>,
    clock: Clock,
    ui: Ui,
    deliveries: Mutex<JoinSet<()>>,
}

impl Bus {
    pub(crate) fn new(functions: BTreeMap<String, Arc<Pool>>, clock: Clock, ui: Ui) -> Self {
        Self(Arc::new(Shared {
            functions,
            clock,
            ui,
            deliveries: Mutex::default(),
        }))
    }

    /// Delivers `event` to each function with a rule that matches it.
    pub(crate) fn publish(&self, event: &Value) {
        for pool in self.0.functions.values() {
            if pool.function().rules.iter().any(|rule| rule.matches(event)) {
                self.deliver(Arc::clone(pool), Bytes::from(event.to_string()));
            }
        }
    }

    /// Invokes a function asynchronously and retries failed invocations.
    pub(crate) fn deliver(&self, pool: Arc<Pool>, event: Bytes) {
        let (clock, ui) = (self.0.clock.clone(), self.0.ui.clone());
        let mut deliveries = self.deliveries();
        // Removes finished deliveries.
        while deliveries.try_join_next().is_some() {}
        deliveries.spawn(async move {
            let id = Uuid::new_v4().to_string();
            let mut tries = 0;
            loop {
                let trace = trace_id(&clock);
                let invoked = pool.invoke(&id, &trace, event.clone()).await;
                let failure = match invoked.result {
                    Ok(_) | Err(Failure::Stopped) => return,
                    Err(failure) => failure,
                };
                if tries >= pool.function().max_retries {
                    ui.warn(&format!(
                        "{} {failure}; after {} tries, the event {}",
                        pool.function().binary,
                        tries + 1,
                        pool.give_up(pool.function().dead_letters.as_deref()),
                    ));
                    return;
                }
                sleep(BACKOFF[usize::from(tries > 0)]).await;
                tries += 1;
            }
        });
    }

    /// Waits until all deliveries have finished.
    pub(crate) async fn finished(&self) {
        let mut deliveries = std::mem::take(&mut *self.deliveries());
        while deliveries.join_next().await.is_some() {}
    }

    fn deliveries(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.0
            .deliveries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
