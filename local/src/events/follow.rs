//! The event source mapping for `DynamoDB` streams: invokes functions with batches of records, in order, and retries
//! failed batches. The positions of records that failed for good go to a dead-letter queue.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use sam_template::StreamSource;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::{
    Checkpoints,
    dead_letters::{FailedInvocation, send_record, stream_record},
};
use crate::{
    dynamodb::Streams,
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
    sqs::Queues,
    ui::Ui,
};

/// The wait before the first retry of a failed batch. It doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The id of the only shard of a stream, for dead letters.
const SHARD: &str = "shardId-00000000000000000000-00000000";

/// The actions that Lambda performs on a stream with the function's role.
const ACTIONS: [&str; 4] = [
    "DescribeStream",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
];

/// The state that all stream consumers share.
#[derive(Clone)]
pub(crate) struct StreamContext {
    pub(crate) streams: Streams,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) queues: Queues,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

/// How far a consumer has read, for [`Settlement`](super::Settlement). Clones share the same state.
#[derive(Debug, Clone)]
pub(crate) struct StreamPosition {
    name: String,
    /// The count of changes up to which all records are processed.
    read_until: Arc<AtomicU64>,
}

impl StreamPosition {
    /// Returns the names of the table and of the consumer.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the count of changes up to which all records are processed.
    pub(crate) fn read_until(&self) -> u64 {
        self.read_until.load(Ordering::SeqCst)
    }

    fn set(&self, count: u64) {
        self.read_until.store(count, Ordering::SeqCst);
    }
}

/// Delivers the records of one stream to one function.
struct Consumer {
    shared: StreamContext,
    pool: Arc<Pool>,
    source: StreamSource,
    position: StreamPosition,
}

/// The outcome of a batch.
enum BatchOutcome {
    /// All records were processed.
    Processed,
    /// The record with this index, and all after it, were not processed.
    FailedAt(usize, Invocation),
    /// The system was stopped.
    Stopped,
}

/// An invocation that failed, in whole or in part.
#[derive(Debug)]
struct Invocation {
    id: String,
    /// `None` when the function reported failed records.
    failure: Option<Failure>,
}

/// Starts a consumer for each stream event of each function, and returns their positions. Dropping the set stops them.
pub(crate) fn start(
    functions: &BTreeMap<String, Arc<Pool>>,
    principals: &Principals,
    shared: &StreamContext,
) -> (JoinSet<()>, Vec<StreamPosition>) {
    let (mut running, mut positions) = (JoinSet::new(), Vec::new());
    for pool in functions.values() {
        for source in &pool.function().streams {
            if let Err(denied) = may_read(principals, pool, source) {
                shared.ui.warn(&format!(
                    "{} does not receive the stream of {}: {denied}",
                    pool.function().binary,
                    source.table
                ));
                continue;
            }
            let position = StreamPosition {
                name: format!("{} for {}", source.table, source.name),
                read_until: Arc::default(),
            };
            positions.push(position.clone());
            let consumer = Consumer {
                position,
                shared: shared.clone(),
                pool: Arc::clone(pool),
                source: source.clone(),
            };
            running.spawn(async move { consumer.run().await });
        }
    }
    (running, positions)
}

fn may_read(principals: &Principals, pool: &Pool, source: &StreamSource) -> Result<(), String> {
    let role = principals
        .role_of(&pool.function().logical_id)
        .ok_or("the function has no role")?;
    ACTIONS.iter().try_for_each(|action| {
        role.check(&format!("dynamodb:{action}"), &source.arn)
            .map_err(|denied| denied.to_string())
    })
}

impl Consumer {
    async fn run(&self) {
        let StreamContext {
            streams,
            checkpoints,
            ui,
            ..
        } = &self.shared;
        let mut changes = streams.changes();
        loop {
            let written = *changes.borrow_and_update();
            let after = checkpoints.get(&self.source.name);
            let read = streams.read(&self.source.table, after, self.source.batch_size);
            let records = match read.await {
                Ok(records) => records,
                Err(error) => {
                    ui.warn(&format!(
                        "the stream of {} cannot be read and is no longer delivered: {error}",
                        self.source.table
                    ));
                    self.position.set(u64::MAX);
                    return;
                }
            };
            let Some(last) = records.last() else {
                self.position.set(written);
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let last = sequence_number(last).to_owned();
            let wanted = records
                .into_iter()
                .filter(|record| self.source.wants(record));
            if !self
                .deliver(wanted.map(|record| self.with_source(record)).collect())
                .await
            {
                return;
            }
            if let Err(error) = checkpoints.set(&self.source.name, &last) {
                ui.warn(&format!(
                    "the checkpoint of {} cannot be written: {error}",
                    self.source.name
                ));
            }
        }
    }

    fn with_source(&self, mut record: Value) -> Value {
        record["eventSourceARN"] = json!(self.source.arn);
        record
    }

    /// Delivers a batch until all records are processed or their retries are exhausted. Returns false when the system
    /// stops.
    async fn deliver(&self, batch: Vec<Value>) -> bool {
        let mut todo = VecDeque::from([(batch, 0)]);
        while let Some((mut batch, tries)) = todo.pop_front() {
            if batch.is_empty() {
                continue;
            }
            match self.invoke(&batch).await {
                BatchOutcome::Processed => {}
                BatchOutcome::Stopped => return false,
                BatchOutcome::FailedAt(index, invocation) => {
                    let mut rest = batch.split_off(index);
                    // Progress resets the number of tries of the remaining records.
                    let tries = if index > 0 { 0 } else { tries };
                    if rest.len() > 1 && self.source.bisects {
                        let second = rest.split_off(rest.len().div_ceil(2));
                        todo.push_front((second, tries));
                        todo.push_front((rest, tries));
                    } else if self.source.max_retries.is_some_and(|most| tries >= most) {
                        self.give_up(&rest, tries, &invocation);
                    } else {
                        let wait = FIRST_WAIT * 2_u32.saturating_pow(tries.min(8));
                        sleep(wait.min(LONGEST_WAIT)).await;
                        todo.push_front((rest, tries + 1));
                    }
                }
            }
        }
        true
    }

    async fn invoke(&self, batch: &[Value]) -> BatchOutcome {
        let event = Bytes::from(json!({ "Records": batch }).to_string());
        let (id, trace) = (Uuid::new_v4().to_string(), trace_id(&self.shared.clock));
        match self.pool.invoke(&id, &trace, event).await.result {
            Ok(response) if self.source.reports_failures => match first_failed(batch, &response) {
                None => BatchOutcome::Processed,
                Some(index) => BatchOutcome::FailedAt(index, Invocation { id, failure: None }),
            },
            Ok(_) => BatchOutcome::Processed,
            Err(Failure::Stopped) => BatchOutcome::Stopped,
            Err(failure) => {
                let failure = Some(failure);
                BatchOutcome::FailedAt(0, Invocation { id, failure })
            }
        }
    }

    fn give_up(&self, records: &[Value], tries: u32, invocation: &Invocation) {
        let StreamContext {
            queues,
            principals,
            clock,
            ui,
            ..
        } = &self.shared;
        let failed = FailedInvocation {
            id: &invocation.id,
            tries: tries + 1,
            failure: invocation.failure.as_ref(),
        };
        let stream = (self.source.arn.as_str(), SHARD);
        let record = stream_record(&self.pool, &failed, stream, records, clock);
        let destination = self.source.dead_letters.as_deref();
        let outcome = send_record(queues, principals, &self.pool, destination, &record);
        let first = records.first().map_or("", sequence_number);
        ui.warn(&format!(
            "{} failed; after {} tries, record {first} of {} {outcome}",
            self.pool.function().binary,
            tries + 1,
            self.source.table,
        ));
    }
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
}

/// Returns the index of the first record in `batchItemFailures`: delivery continues with the first record named there. A response that names only unknown
/// records counts as a failure of the whole batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
fn first_failed(batch: &[Value], response: &Bytes) -> Option<usize> {
    let response: Value = serde_json::from_slice(response).unwrap_or_default();
    let failures = response["batchItemFailures"].as_array();
    let failures = failures.filter(|failures| !failures.is_empty())?;
    let is_failure = |record: &Value| {
        let number = sequence_number(record);
        failures
            .iter()
            .any(|failure| failure["itemIdentifier"] == number)
    };
    Some(batch.iter().position(is_failure).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_at(response: &Value) -> Option<usize> {
        let batch: Vec<_> = ["1", "2", "3"]
            .iter()
            .map(|number| json!({"dynamodb": {"SequenceNumber": number}}))
            .collect();
        first_failed(&batch, &Bytes::from(response.to_string()))
    }

    #[test]
    fn delivery_continues_with_the_first_failed_record() {
        let failures = |numbers: &[&str]| {
            let failures: Vec<_> = numbers
                .iter()
                .map(|number| json!({"itemIdentifier": number}))
                .collect();
            json!({ "batchItemFailures": failures })
        };
        for (response, expected) in [
            (json!(null), None),
            (failures(&[]), None),
            (failures(&["2"]), Some(1)),
            (failures(&["3", "2"]), Some(1)),
            (failures(&["9"]), Some(0)),
            (failures(&[""]), Some(0)),
        ] {
            assert_eq!(failed_at(&response), expected, "{response}");
        }
    }
}
