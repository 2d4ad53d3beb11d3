//! Message move tasks, which move messages out of dead-letter queues.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sam_template::Queue;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Queues, Sqs, SqsError, authorize, request::Input, store::Moved};
use crate::{iam::Caller, locks::lock};

/// How many tasks of a queue are listed.
const MAX_LISTED: u32 = 10;

/// The tasks of a system, oldest first. They end with the system.
pub(super) struct Moves {
    queues: Queues,
    tasks: Mutex<Vec<Arc<Task>>>,
}

struct Task {
    handle: String,
    /// The ARN of the dead-letter queue.
    source: String,
    /// The ARN of the destination; `None` moves each message to the queue that it came from.
    destination: Option<String>,
    /// The maximum number of messages a second.
    rate: Option<u32>,
    started: i64,
    /// The number of messages when the task started.
    to_move: u64,
    moved: AtomicU64,
    cancelled: AtomicBool,
    status: Mutex<Status>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Cancelled,
    Failed(&'static str),
}

impl Moves {
    pub(super) fn new(queues: Queues) -> Self {
        Self {
            queues,
            tasks: Mutex::default(),
        }
    }

    fn start(&self, task: Task) -> Result<String, SqsError> {
        let mut tasks = lock(&self.tasks);
        if tasks
            .iter()
            .any(|known| known.source == task.source && known.is_running())
        {
            return Err(SqsError::parameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            ));
        }
        let task = Arc::new(task);
        let handle = task.handle.clone();
        tasks.push(Arc::clone(&task));
        drop(tasks);
        let queues = self.queues.clone();
        tokio::spawn(async move { task.run(&queues).await });
        Ok(handle)
    }
}

impl Task {
    fn is_running(&self) -> bool {
        *lock(&self.status) == Status::Running
    }

    /// Moves the messages that were there at the start.
    async fn run(&self, queues: &Queues) {
        let pause = self.rate.map(|rate| Duration::from_secs(1) / rate);
        let mut status = Status::Completed;
        for _ in 0..self.to_move {
            if self.cancelled.load(Ordering::Relaxed) {
                status = Status::Cancelled;
                break;
            }
            match self.move_one(queues) {
                Ok(Moved::To(_)) => {
                    self.moved.fetch_add(1, Ordering::Relaxed);
                }
                Ok(Moved::Nothing) => break,
                Ok(Moved::NoSource) => {
                    status = Status::Failed("CouldNotDetermineMessageSource");
                    break;
                }
                Err(_) => {
                    status = Status::Failed("InternalFailure");
                    break;
                }
            }
            match pause {
                Some(pause) => sleep(pause).await,
                None => tokio::task::yield_now().await,
            }
        }
        *lock(&self.status) = status;
    }

    fn move_one(&self, queues: &Queues) -> Result<Moved, SqsError> {
        let source = queues
            .find_arn(&self.source)
            .ok_or_else(SqsError::no_queue)?;
        let destination = self.destination.as_deref();
        let destination = destination.and_then(|arn| queues.find_arn(arn));
        queues.move_back(source, destination.map(|queue| queue.name.as_str()))
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "SourceArn": self.source,
            "ApproximateNumberOfMessagesMoved": self.moved.load(Ordering::Relaxed),
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started,
        });
        let (name, reason) = match lock(&self.status).clone() {
            Status::Running if self.cancelled.load(Ordering::Relaxed) => ("CANCELLING", None),
            Status::Running => ("RUNNING", None),
            Status::Completed => ("COMPLETED", None),
            Status::Cancelled => ("CANCELLED", None),
            Status::Failed(reason) => ("FAILED", Some(reason)),
        };
        json["Status"] = json!(name);
        for (name, value) in [
            (
                "DestinationArn",
                self.destination.as_deref().map(|arn| json!(arn)),
            ),
            (
                "MaxNumberOfMessagesPerSecond",
                self.rate.map(|rate| json!(rate)),
            ),
            ("FailureReason", reason.map(|reason| json!(reason))),
            (
                "TaskHandle",
                (name == "RUNNING").then(|| json!(self.handle)),
            ),
        ] {
            if let Some(value) = value {
                json[name] = value;
            }
        }
        json
    }
}

impl Sqs {
    pub(super) fn start_move(
        &self,
        caller: Caller<'_>,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let source = self.move_queue("SourceArn", input.text("SourceArn")?)?;
        for action in [
            "StartMessageMoveTask",
            "ReceiveMessage",
            "DeleteMessage",
            "GetQueueAttributes",
        ] {
            authorize(caller, action, source)?;
        }
        let is_target = |queue: &Queue| {
            queue
                .redrive
                .as_ref()
                .is_some_and(|redrive| redrive.target == source.arn)
        };
        if !self.queues.all().any(is_target) {
            return Err(SqsError::parameter(
                "Source queue must be configured as a Dead Letter Queue.",
            ));
        }
        let destination = input.get("DestinationArn").as_str();
        let destination = destination
            .map(|arn| self.move_queue("DestinationArn", arn))
            .transpose()?;
        let targets: Vec<_> = match destination {
            Some(queue) => vec![queue],
            None => self.queues.all().filter(|queue| is_target(queue)).collect(),
        };
        for queue in targets {
            authorize(caller, "SendMessage", queue)?;
        }
        let rate = input.number("MaxNumberOfMessagesPerSecond", 1..=500)?;
        let handle = self.moves.start(Task {
            handle: handle_of(&source.arn),
            source: source.arn.clone(),
            destination: destination.map(|queue| queue.arn.clone()),
            rate,
            started: self.queues.now(),
            to_move: self.queues.counts(source)?.visible,
            moved: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            status: Mutex::new(Status::Running),
        })?;
        Ok(json!({ "TaskHandle": handle }))
    }

    pub(super) fn list_moves(
        &self,
        caller: Caller<'_>,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let source = self.move_queue("SourceArn", input.text("SourceArn")?)?;
        authorize(caller, "ListMessageMoveTasks", source)?;
        let max = input.number("MaxResults", 1..=MAX_LISTED)?.unwrap_or(1) as usize;
        let tasks = lock(&self.moves.tasks);
        let newest_first = tasks.iter().rev().filter(|task| task.source == source.arn);
        let listed: Vec<_> = newest_first.take(max).map(|task| task.to_json()).collect();
        Ok(json!({ "Results": listed }))
    }

    pub(super) fn cancel_move(
        &self,
        caller: Caller<'_>,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let handle = input.text("TaskHandle")?;
        let source = source_in(handle)
            .ok_or_else(|| SqsError::parameter("Value for parameter TaskHandle is invalid."))?;
        authorize(
            caller,
            "CancelMessageMoveTask",
            self.move_queue("SourceArn", &source)?,
        )?;
        let tasks = lock(&self.moves.tasks);
        let task = tasks.iter().find(|task| task.handle == handle);
        let task = task.ok_or_else(|| SqsError::no_resource("Task does not exist."))?;
        if !task.is_running() {
            return Err(SqsError::unsupported("Only active tasks can be cancelled."));
        }
        task.cancelled.store(true, Ordering::Relaxed);
        let moved = task.moved.load(Ordering::Relaxed);
        Ok(json!({ "ApproximateNumberOfMessagesMoved": moved }))
    }

    /// Finds the queue with the ARN in the parameter `name`.
    fn move_queue(&self, name: &str, arn: &str) -> Result<&Queue, SqsError> {
        self.queues.find_arn(arn).ok_or_else(|| {
            SqsError::no_resource(format!(
                "The resource that you specified for the {name} parameter doesn't exist."
            ))
        })
    }
}

/// Returns a new handle of a task that moves messages out of `source`.
fn handle_of(source: &str) -> String {
    let names = json!({"taskId": Uuid::new_v4(), "sourceArn": source});
    BASE64_STANDARD.encode(names.to_string())
}

/// Returns the ARN of the queue in the handle of a task.
fn source_in(handle: &str) -> Option<String> {
    let names: Value = serde_json::from_slice(&BASE64_STANDARD.decode(handle).ok()?).ok()?;
    names["taskId"].as_str()?;
    names["sourceArn"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_its_queue() {
        let handle = handle_of("arn:aws:sqs:us-east-1:000000000000:dead");
        assert_eq!(
            source_in(&handle).as_deref(),
            Some("arn:aws:sqs:us-east-1:000000000000:dead")
        );
        assert_ne!(handle, handle_of("arn:aws:sqs:us-east-1:000000000000:dead"));
        let without_id = BASE64_STANDARD.encode(r#"{"sourceArn": "a"}"#);
        for invalid in ["none", "", &without_id] {
            assert_eq!(source_in(invalid), None, "{invalid}");
        }
    }
}
