//! The event source mapping for `DynamoDB` streams: invokes functions with batches of records, in order, and retries
//! failed batches. It reports records that would go to a dead-letter queue.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use sam_template::StreamSource;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::Checkpoints;
use crate::{
    dynamodb::Streams,
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
    ui::Ui,
};

/// The wait before the first retry of a failed batch. It doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

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
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

/// Delivers the records of one stream to one function.
struct Consumer {
    shared: StreamContext,
    pool: Arc<Pool>,
    source: StreamSource,
}

/// The outcome of a batch.
enum BatchOutcome {
    /// All records were processed.
    Processed,
    /// The record with this index, and all after it, were not processed.
    FailedAt(usize),
    /// The system was stopped.
    Stopped,
}

/// Starts a consumer for each stream event of each function. Dropping the set stops them.
pub(crate) fn start(
    functions: &BTreeMap<String, Arc<Pool>>,
    principals: &Principals,
    shared: &StreamContext,
) -> JoinSet<()> {
    let mut running = JoinSet::new();
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
            let consumer = Consumer {
                shared: shared.clone(),
                pool: Arc::clone(pool),
                source: source.clone(),
            };
            running.spawn(async move { consumer.run().await });
        }
    }
    running
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
            changes.mark_unchanged();
            let after = checkpoints.get(&self.source.name);
            let read = streams.read(&self.source.table, after, self.source.batch_size);
            let records = match read.await {
                Ok(records) => records,
                Err(error) => {
                    ui.warn(&format!(
                        "the stream of {} cannot be read and is no longer delivered: {error}",
                        self.source.table
                    ));
                    return;
                }
            };
            let Some(last) = records.last() else {
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
                BatchOutcome::FailedAt(index) => {
                    let mut rest = batch.split_off(index);
                    // Progress resets the number of tries of the remaining records.
                    let tries = if index > 0 { 0 } else { tries };
                    if rest.len() > 1 && self.source.bisects {
                        let second = rest.split_off(rest.len().div_ceil(2));
                        todo.push_front((second, tries));
                        todo.push_front((rest, tries));
                    } else if self.source.max_retries.is_some_and(|most| tries >= most) {
                        self.give_up(&rest, tries);
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
            Ok(response) if self.source.reports_failures => batch_outcome(batch, &response),
            Ok(_) => BatchOutcome::Processed,
            Err(Failure::Stopped) => BatchOutcome::Stopped,
            Err(_) => BatchOutcome::FailedAt(0),
        }
    }

    fn give_up(&self, records: &[Value], tries: u32) {
        let first = records.first().map_or("", sequence_number);
        self.shared.ui.warn(&format!(
            "{} failed; after {} tries, record {first} of {} {}",
            self.pool.function().binary,
            tries + 1,
            self.source.table,
            self.pool.give_up(self.source.dead_letters.as_deref()),
        ));
    }
}

fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap_or_default()
}

/// Reads `batchItemFailures`: delivery continues with the first record named there. A response that names only unknown
/// records counts as a failure of the whole batch
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
fn batch_outcome(batch: &[Value], response: &Bytes) -> BatchOutcome {
    let response: Value = serde_json::from_slice(response).unwrap_or_default();
    let failures = response["batchItemFailures"].as_array();
    let Some(failures) = failures.filter(|failures| !failures.is_empty()) else {
        return BatchOutcome::Processed;
    };
    let is_failure = |record: &Value| {
        let number = sequence_number(record);
        failures
            .iter()
            .any(|failure| failure["itemIdentifier"] == number)
    };
    BatchOutcome::FailedAt(batch.iter().position(is_failure).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed_at(response: &Value) -> Option<usize> {
        let batch: Vec<_> = ["1", "2", "3"]
            .iter()
            .map(|number| json!({"dynamodb": {"SequenceNumber": number}}))
            .collect();
        match batch_outcome(&batch, &Bytes::from(response.to_string())) {
            BatchOutcome::Processed => None,
            BatchOutcome::FailedAt(index) => Some(index),
            BatchOutcome::Stopped => panic!("the system does not stop"),
        }
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
