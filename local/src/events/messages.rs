//! Lambda's event source mapping for queues: invokes functions with batches of messages, deletes what was processed, and makes
//! the rest visible again.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
//!
//! On AWS, a failed message is invisible until its visibility timeout ends. Here it is visible after a short wait, which doubles
//! with each receipt; receipts count as on AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use sam_template::{Queue, QueueSource, REGION};
use serde_json::{Map, Value, json};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::{
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
    sqs::{Message, Queues, SqsError, md5_of},
    ui::Ui,
};

/// The wait before a message is visible again after its first receipt. It doubles with each receipt.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How many invocations run at the same time without a limit. Lambda begins with as many.
const CONCURRENCY: u32 = 5;

/// How many messages are received at a time: with their maximum size of 1 MiB, they fit into an invocation's event of 6 MB
/// beside [`FULL`].
const CHUNK: u32 = 4;
/// A batch with bodies of this size in bytes is full.
const FULL: usize = 1_500_000;

/// The actions that Lambda performs on a queue with the function's role.
const ACTIONS: [&str; 3] = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];

/// The state that all queue consumers share.
#[derive(Clone)]
pub(crate) struct QueueContext {
    pub(crate) queues: Queues,
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

/// Delivers the messages of one queue to one function.
struct Consumer {
    shared: QueueContext,
    pool: Arc<Pool>,
    source: QueueSource,
    queue: Queue,
}

/// Starts a consumer for each queue event of each function, and returns the names of the queues that are read. Dropping the set
/// stops the consumers.
pub(crate) fn start(
    functions: &BTreeMap<String, Arc<Pool>>,
    principals: &Principals,
    shared: &QueueContext,
) -> (JoinSet<()>, BTreeSet<String>) {
    let (mut running, mut names) = (JoinSet::new(), BTreeSet::new());
    for pool in functions.values() {
        for source in &pool.function().queues {
            let queue = match readable(shared, principals, pool, source) {
                Ok(queue) => queue,
                Err(why) => {
                    shared.ui.warn(&format!(
                        "{} does not receive the messages of {}: {why}",
                        pool.function().binary,
                        source.queue
                    ));
                    continue;
                }
            };
            names.insert(queue.name.clone());
            let consumer = Consumer {
                shared: shared.clone(),
                pool: Arc::clone(pool),
                source: source.clone(),
                queue,
            };
            running.spawn(async move { Arc::new(consumer).run().await });
        }
    }
    (running, names)
}

/// Returns the queue if Lambda accepts the mapping.
fn readable(
    shared: &QueueContext,
    principals: &Principals,
    pool: &Pool,
    source: &QueueSource,
) -> Result<Queue, String> {
    let function = pool.function();
    let role = principals
        .role_of(&function.logical_id)
        .ok_or("the function has no role")?;
    for action in ACTIONS {
        role.check(&format!("sqs:{action}"), &source.arn)
            .map_err(|denied| denied.to_string())?;
    }
    let queue = shared
        .queues
        .find(&source.queue)
        .ok_or("the queue does not exist")?;
    let (visible, limit) = (queue.visibility_timeout, function.timeout.as_secs());
    if u64::from(visible) < limit {
        return Err(format!(
            "its VisibilityTimeout of {visible} seconds is less than the function's Timeout of {limit} seconds"
        ));
    }
    Ok(queue.clone())
}

impl Consumer {
    async fn run(self: Arc<Self>) {
        let limit = self.source.max_concurrency.unwrap_or(CONCURRENCY);
        let slots = Arc::new(Semaphore::new(limit as usize));
        let mut invocations = JoinSet::new();
        loop {
            // The semaphore is never closed.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return;
            };
            while invocations.try_join_next().is_some() {}
            let batch = match self.next_batch().await {
                Ok(batch) => batch,
                Err(error) => {
                    let name = &self.queue.name;
                    self.shared
                        .ui
                        .warn(&format!("the queue {name} cannot be read: {error}"));
                    sleep(LONGEST_WAIT).await;
                    continue;
                }
            };
            let consumer = Arc::clone(&self);
            invocations.spawn(async move {
                if let Err(error) = consumer.deliver(batch).await {
                    let name = &consumer.queue.name;
                    consumer
                        .shared
                        .ui
                        .warn(&format!("the queue {name} cannot be changed: {error}"));
                }
                drop(slot);
            });
        }
    }

    /// Waits for messages. With a batching window, waits until it ends or the batch is full.
    async fn next_batch(&self) -> Result<Vec<Message>, SqsError> {
        let mut batch = Vec::new();
        let mut window_end = None;
        let mut changes = self.shared.queues.changes();
        loop {
            changes.mark_unchanged();
            let most = self.source.batch_size as usize;
            let room = u32::try_from(most.saturating_sub(batch.len())).unwrap_or(CHUNK);
            let received = self.receive(room.min(CHUNK))?;
            let is_empty = received.is_empty();
            batch.extend(received);
            if !batch.is_empty() && window_end.is_none() {
                let window = Duration::from_secs(self.source.window.into());
                window_end = Some(Instant::now() + window);
            }
            let size: usize = batch.iter().map(|message| message.body.len()).sum();
            if batch.len() >= most || size >= FULL {
                return Ok(batch);
            }
            if !is_empty {
                continue;
            }
            let left = window_end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(batch);
            }
            let visible = self.shared.queues.until_visible(&self.queue)?;
            let wait = [left, visible].into_iter().flatten().min();
            match wait {
                // A timeout is the end of the window, or the time at which a message becomes visible.
                Some(wait) => drop(timeout(wait, changes.changed()).await),
                None => drop(changes.changed().await),
            }
        }
    }

    /// Receives messages. Those that no filter matches are deleted.
    fn receive(&self, max: u32) -> Result<Vec<Message>, SqsError> {
        let visibility = Duration::from_secs(self.queue.visibility_timeout.into());
        let received = self.shared.queues.receive(&self.queue, max, visibility)?;
        let mut wanted = Vec::with_capacity(received.len());
        for message in received {
            if self.wants(&message) {
                wanted.push(message);
            } else {
                self.shared
                    .queues
                    .delete(&self.queue, &message.id, &message.receipt)?;
            }
        }
        Ok(wanted)
    }

    fn wants(&self, message: &Message) -> bool {
        let filters = &self.source.filters;
        if filters.is_empty() {
            return true;
        }
        let mut record = self.record(message);
        // A filter can be about the members of a JSON body.
        if let Ok(body @ Value::Object(_)) = serde_json::from_str(&message.body) {
            record["body"] = body;
        }
        filters.iter().any(|filter| filter.matches(&record))
    }

    /// Invokes the function with a batch. When the system stops, the messages stay in flight until its next start.
    async fn deliver(&self, batch: Vec<Message>) -> Result<(), SqsError> {
        let records: Vec<_> = batch.iter().map(|message| self.record(message)).collect();
        let event = Bytes::from(json!({ "Records": records }).to_string());
        let (id, trace) = (Uuid::new_v4().to_string(), trace_id(&self.shared.clock));
        let failed = match self.pool.invoke(&id, &trace, event).await.result {
            Ok(response) if self.source.reports_failures => failed_ids(&batch, &response),
            Ok(_) => BTreeSet::new(),
            Err(Failure::Stopped) => return Ok(()),
            Err(_) => all_ids(&batch),
        };
        for message in &batch {
            if failed.contains(message.id.as_str()) {
                let receipt = (message.id.as_str(), message.receipt.as_str());
                let wait =
                    FIRST_WAIT * 2_u32.saturating_pow(message.receives.saturating_sub(1).min(8));
                let wait = wait.min(LONGEST_WAIT);
                self.shared
                    .queues
                    .change_visibility(&self.queue, receipt, wait)?;
            } else {
                self.shared
                    .queues
                    .delete(&self.queue, &message.id, &message.receipt)?;
            }
        }
        Ok(())
    }

    /// Returns a message in the format of the event.
    fn record(&self, message: &Message) -> Value {
        let mut attributes = Map::new();
        for (name, attribute) in &message.attributes.0 {
            let mut record = json!({
                "dataType": attribute["DataType"], "stringListValues": [], "binaryListValues": [],
            });
            for (member, value) in [
                ("stringValue", &attribute["StringValue"]),
                ("binaryValue", &attribute["BinaryValue"]),
            ] {
                if !value.is_null() {
                    record[member] = value.clone();
                }
            }
            attributes.insert(name.clone(), record);
        }
        let mut record = json!({
            "messageId": message.id,
            "receiptHandle": message.handle(),
            "body": message.body,
            "attributes": message.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": md5_of(&message.body),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue.arn,
            "awsRegion": REGION,
        });
        if let Some(md5) = message.attributes.md5() {
            record["md5OfMessageAttributes"] = json!(md5);
        }
        record
    }
}

fn all_ids(batch: &[Message]) -> BTreeSet<&str> {
    batch.iter().map(|message| message.id.as_str()).collect()
}

/// Reads `batchItemFailures`. An invalid response counts as a failure of the whole batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
fn failed_ids<'a>(batch: &'a [Message], response: &Bytes) -> BTreeSet<&'a str> {
    let all = all_ids(batch);
    let Ok(response) = serde_json::from_slice::<Value>(response) else {
        return all;
    };
    let failures = match &response {
        Value::Null => return BTreeSet::new(),
        Value::Object(members) => match members.get("batchItemFailures") {
            None | Some(Value::Null) => return BTreeSet::new(),
            Some(Value::Array(failures)) => failures,
            Some(_) => return all,
        },
        _ => return all,
    };
    let failed: Option<BTreeSet<_>> = failures
        .iter()
        .map(|failure| all.get(failure["itemIdentifier"].as_str()?).copied())
        .collect();
    failed.unwrap_or(all)
}
