//! Streams of tables, handed to the functions that follow them as Lambda does it: in order, in batches, again when that
//! fails, and in the end to the dead-letter queue.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use domain::Clock;
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

/// How long a batch that failed waits for the next try; doubled with each.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What Lambda does with a stream, in the name of the function's role.
const ACTIONS: [&str; 4] = [
    "DescribeStream",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
];

/// What all followers share.
#[derive(Clone)]
pub(crate) struct Follow {
    pub(crate) streams: Streams,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) clock: Clock,
    pub(crate) ui: Ui,
}

struct Follower {
    shared: Follow,
    pool: Arc<Pool>,
    source: StreamSource,
}

/// How far a function got with a batch.
enum Got {
    Through,
    /// To this record and not past it.
    To(usize),
    /// The system stops.
    Nowhere,
}

/// Follows all streams that functions ask for. That stops when the set is dropped.
pub(crate) fn start(
    functions: &BTreeMap<String, Arc<Pool>>,
    principals: &Principals,
    shared: &Follow,
) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for pool in functions.values() {
        for source in &pool.function().streams {
            if let Err(denied) = may_read(principals, pool, source) {
                shared.ui.warn(&format!(
                    "the stream of {} is not read: {denied}",
                    source.table
                ));
                continue;
            }
            let follower = Follower {
                shared: shared.clone(),
                pool: Arc::clone(pool),
                source: source.clone(),
            };
            running.spawn(async move { follower.follow().await });
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

impl Follower {
    async fn follow(&self) {
        let Follow {
            streams,
            checkpoints,
            ui,
            ..
        } = &self.shared;
        let mut news = streams.news();
        loop {
            news.mark_unchanged();
            let after = checkpoints.reached(&self.source.name);
            let read = streams.read(&self.source.table, after, self.source.batch_size);
            let records = match read.await {
                Ok(records) => records,
                Err(error) => {
                    ui.warn(&format!(
                        "the stream of {} ends: {error}",
                        self.source.table
                    ));
                    return;
                }
            };
            let Some(last) = records.last() else {
                if news.changed().await.is_err() {
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
            if let Err(error) = checkpoints.reach(&self.source.name, &last) {
                ui.warn(&format!(
                    "how far {} is cannot be written: {error}",
                    self.source.name
                ));
            }
        }
    }

    fn with_source(&self, mut record: Value) -> Value {
        record["eventSourceARN"] = json!(self.source.arn);
        record
    }

    /// Hands a batch to the function until it is through, or given up. Says whether there is to be more.
    async fn deliver(&self, batch: Vec<Value>) -> bool {
        let mut todo = VecDeque::from([(batch, 0)]);
        while let Some((mut batch, tries)) = todo.pop_front() {
            if batch.is_empty() {
                continue;
            }
            match self.invoke(&batch).await {
                Got::Through => {}
                Got::Nowhere => return false,
                Got::To(index) => {
                    let mut rest = batch.split_off(index);
                    // What it got past does not count against the rest.
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

    async fn invoke(&self, batch: &[Value]) -> Got {
        let event = Bytes::from(json!({ "Records": batch }).to_string());
        let (id, trace) = (Uuid::new_v4().to_string(), trace_id(&self.shared.clock));
        match self.pool.invoke(&id, &trace, event).await.result {
            Ok(answer) if self.source.reports_failures => got_to(batch, &answer),
            Ok(_) => Got::Through,
            Err(Failure::Stopped) => Got::Nowhere,
            Err(_) => Got::To(0),
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

/// Reads `batchItemFailures`: the first of the records named there is the one to go on with. An answer that names none of
/// the batch is taken for a failure of all of it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).
fn got_to(batch: &[Value], answer: &Bytes) -> Got {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let failures = answer["batchItemFailures"].as_array();
    let Some(failures) = failures.filter(|failures| !failures.is_empty()) else {
        return Got::Through;
    };
    let is_failure = |record: &Value| {
        let number = sequence_number(record);
        failures
            .iter()
            .any(|failure| failure["itemIdentifier"] == number)
    };
    Got::To(batch.iter().position(is_failure).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn got(answer: &Value) -> Option<usize> {
        let batch: Vec<_> = ["1", "2", "3"]
            .iter()
            .map(|number| json!({"dynamodb": {"SequenceNumber": number}}))
            .collect();
        match got_to(&batch, &Bytes::from(answer.to_string())) {
            Got::Through => None,
            Got::To(index) => Some(index),
            Got::Nowhere => panic!("nothing stops it"),
        }
    }

    #[test]
    fn a_batch_goes_on_with_the_first_record_that_failed() {
        let failures = |numbers: &[&str]| {
            let failures: Vec<_> = numbers
                .iter()
                .map(|number| json!({"itemIdentifier": number}))
                .collect();
            json!({ "batchItemFailures": failures })
        };
        for (answer, expected) in [
            (json!(null), None),
            (failures(&[]), None),
            (failures(&["2"]), Some(1)),
            (failures(&["3", "2"]), Some(1)),
            (failures(&["9"]), Some(0)),
            (failures(&[""]), Some(0)),
        ] {
            assert_eq!(got(&answer), expected, "{answer}");
        }
    }
}
