//! Event buses: delivers events to the targets of the rules that match them, and invokes functions asynchronously. Failed
//! invocations are retried as Lambda does.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use sam_template::{DEFAULT_BUS, Rule, RuleTarget};
use serde_json::Value;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::dead_letters::{
    EVENTS, FailedInvocation, Undelivered, async_record, send_record, send_undelivered,
};
use crate::{
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
    locks::lock,
    sqs::{NewMessage, Queues},
    ui::Ui,
};

/// The waits before the retries of a failed invocation. Lambda waits one and two minutes.
const BACKOFF: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// The event buses. Clones share the same state.
#[derive(Clone)]
pub(crate) struct Bus(Arc<Shared>);

/// The rules of all buses, and what they deliver to.
pub(crate) struct BusContext {
    pub(crate) buses: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) functions: BTreeMap<String, Arc<Pool>>,
    pub(crate) queues: Queues,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

struct Shared {
    context: BusContext,
    deliveries: Mutex<JoinSet<()>>,
    /// Counts the deliveries that were started.
    started: AtomicU64,
}

impl Bus {
    pub(crate) fn new(context: BusContext) -> Self {
        Self(Arc::new(Shared {
            context,
            deliveries: Mutex::default(),
            started: AtomicU64::new(0),
        }))
    }

    /// Puts an event of an AWS service on the default bus.
    pub(crate) fn publish(&self, event: &Value) {
        self.put(DEFAULT_BUS, event);
    }

    /// Whether there is a bus with this name.
    pub(crate) fn has_bus(&self, name: &str) -> bool {
        self.0.context.buses.iter().any(|bus| bus == name)
    }

    pub(crate) fn warn_of_unknown_bus(&self, name: &str) {
        let what = format!("an event is lost: there is no event bus `{name}`");
        self.0.context.ui.warn(&what);
    }

    /// Puts an event on a bus: delivers it to the targets of each rule that matches it.
    pub(crate) fn put(&self, bus: &str, event: &Value) {
        let rules = self.0.context.rules.iter();
        for rule in rules.filter(|rule| rule.bus == bus && rule.pattern.matches(event)) {
            for target in &rule.targets {
                if let Err(why) = self.deliver_to(rule, target, event) {
                    self.give_up(rule, target, event, &why);
                }
            }
        }
    }

    fn deliver_to(
        &self,
        rule: &Rule,
        target: &RuleTarget,
        event: &Value,
    ) -> Result<(), Undelivered> {
        let BusContext {
            functions, queues, ..
        } = &self.0.context;
        let undelivered = |code, message: String| Undelivered { code, message };
        let input = target.input.of(event).ok_or_else(|| {
            undelivered(
                "INVALID_JSON",
                "the event has no part at the InputPath".to_owned(),
            )
        })?;
        if let Some(queue) = queues.find_arn(&target.arn) {
            if !queue.allows_service(EVENTS, &rule.arn) {
                let message = format!(
                    "the policy of {} does not allow sqs:SendMessage to {EVENTS} for {}",
                    queue.name, rule.arn
                );
                return Err(undelivered("NO_PERMISSIONS", message));
            }
            let sent = queues.send(queue, &NewMessage::of(EVENTS, input));
            return sent
                .map(drop)
                .map_err(|error| undelivered("INTERNAL_ERROR", error.to_string()));
        }
        let is_target = |pool: &&Arc<Pool>| {
            let rest = target.arn.strip_prefix(&pool.function().arn);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        match functions.values().find(is_target) {
            Some(pool) => {
                self.deliver(Arc::clone(pool), Bytes::from(input));
                Ok(())
            }
            None => Err(undelivered(
                "NO_RESOURCE",
                format!("{} does not exist", target.arn),
            )),
        }
    }

    fn give_up(&self, rule: &Rule, target: &RuleTarget, event: &Value, why: &Undelivered) {
        let BusContext { queues, ui, .. } = &self.0.context;
        let outcome = send_undelivered(queues, rule, target, event, why);
        ui.warn(&format!(
            "the rule {} cannot deliver an event: {}; it {outcome}",
            rule.name, why.message
        ));
    }

    /// Invokes a function asynchronously and retries failed invocations.
    pub(crate) fn deliver(&self, pool: Arc<Pool>, event: Bytes) {
        let mut deliveries = self.deliveries();
        self.0.started.fetch_add(1, Ordering::SeqCst);
        let bus = self.clone();
        deliveries.spawn(async move { bus.invoke(&pool, &event).await });
    }

    async fn invoke(&self, pool: &Pool, event: &Bytes) {
        let BusContext {
            queues,
            principals,
            clock,
            ui,
            ..
        } = &self.0.context;
        let id = Uuid::new_v4().to_string();
        let mut tries = 0;
        let failure = loop {
            let invoked = pool.invoke(&id, &trace_id(clock), event.clone()).await;
            // Lambda retries a throttled event for six hours, whatever the number of retries is.
            if matches!(invoked.result, Err(Failure::Throttled)) {
                sleep(BACKOFF[1]).await;
                continue;
            }
            tries += 1;
            match invoked.result {
                Ok(_) | Err(Failure::Stopped) => return,
                Err(failure) if tries > pool.function().max_retries => break failure,
                Err(_) => sleep(BACKOFF[usize::from(tries > 1)]).await,
            }
        };
        let failed = FailedInvocation {
            id: &id,
            tries,
            failure: Some(&failure),
        };
        let record = async_record(pool, &failed, event, clock);
        let destination = pool.function().dead_letters.as_deref();
        let outcome = send_record(queues, principals, pool, destination, &record);
        ui.warn(&format!(
            "{} {failure}; after {tries} tries, the event {outcome}",
            pool.function().binary,
        ));
    }

    /// Waits until all deliveries have finished.
    pub(crate) async fn finished(&self) {
        let mut deliveries = std::mem::take(&mut *self.deliveries());
        while deliveries.join_next().await.is_some() {}
    }

    /// Returns how many deliveries run.
    pub(crate) fn running(&self) -> usize {
        self.deliveries().len()
    }

    /// Returns how many deliveries were started.
    pub(crate) fn started(&self) -> u64 {
        self.0.started.load(Ordering::SeqCst)
    }

    /// Returns the deliveries, without those that have finished.
    fn deliveries(&self) -> MutexGuard<'_, JoinSet<()>> {
        let mut deliveries = lock(&self.0.deliveries);
        while deliveries.try_join_next().is_some() {}
        deliveries
    }
}
