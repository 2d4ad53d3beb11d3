//! The SQS engine: standard queues, with the AWS JSON protocol.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

mod batch;
mod error;
mod message;
mod moves;
mod operations;
mod queues;
mod receive;
mod request;
mod store;

use std::sync::Arc;

use axum::{Router, body::Body, extract::State};
use clock::Clock;
use http::{Request, Response};
use sam_template::{ACCOUNT, Effect, PARTITION, Queue, REGION};
use serde_json::Value;

pub(crate) use self::{
    error::SqsError,
    message::{Message, NewMessage, md5_of},
    queues::Queues,
};
use self::{moves::Moves, request::Input};
use crate::{
    aws_json::{self, Dialect},
    iam::{Caller, Principals},
};

/// The SQS engine.
pub(crate) struct Sqs {
    queues: Queues,
    moves: Moves,
    /// The URL of the engine.
    url: String,
    principals: Arc<Principals>,
    clock: Clock,
}

impl Sqs {
    pub(crate) fn new(
        queues: Queues,
        url: String,
        principals: Arc<Principals>,
        clock: Clock,
    ) -> Self {
        Self {
            moves: Moves::new(queues.clone()),
            queues,
            url,
            principals,
            clock,
        }
    }

    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }

    async fn handle(&self, request: Request<Body>) -> Result<Value, SqsError> {
        let (parts, body) = aws_json::read(request).await?;
        let now = self.clock.now();
        let caller = self.principals.authenticate("sqs", (&parts, &body), now)?;
        let operation = Dialect::Sqs
            .operation(&parts.headers)
            .ok_or_else(|| SqsError::unsupported("The operation is not one of SQS."))?;
        let body = aws_json::parse(&body)?;
        let input = Input::new(&body);
        match operation {
            "ListQueues" => {
                let account = format!("arn:{PARTITION}:sqs:{REGION}:{ACCOUNT}:*");
                caller.check("sqs:ListQueues", &account)?;
                self.list_queues(&input)
            }
            "StartMessageMoveTask" => self.start_move(caller, &input),
            "ListMessageMoveTasks" => self.list_moves(caller, &input),
            "CancelMessageMoveTask" => self.cancel_move(caller, &input),
            operation => self.run(operation, caller, &input).await,
        }
    }

    /// Runs an operation on one queue.
    async fn run(
        &self,
        operation: &str,
        caller: Caller<'_>,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let queue = match operation {
            "GetQueueUrl" => self.queue_named(input.text("QueueName")?)?,
            _ => self.queue_at(input.text("QueueUrl")?)?,
        };
        // The actions of batches are those of single messages.
        let action = operation.strip_suffix("Batch").unwrap_or(operation);
        authorize(caller, action, queue)?;
        match operation {
            "SendMessage" => self.send(caller, queue, input),
            "SendMessageBatch" => self.send_batch(caller, queue, input),
            "ReceiveMessage" => self.receive(queue, input).await,
            "DeleteMessage" => self.delete(queue, input),
            "DeleteMessageBatch" => batch::run(input, |entry| self.delete(queue, entry)),
            "ChangeMessageVisibility" => self.change_visibility(queue, input),
            "ChangeMessageVisibilityBatch" => {
                batch::run(input, |entry| self.change_visibility(queue, entry))
            }
            "GetQueueUrl" => Ok(self.url_of(queue)),
            "GetQueueAttributes" => self.queue_attributes(queue, input),
            "ListDeadLetterSourceQueues" => Ok(self.dead_letter_sources(queue)),
            "PurgeQueue" => {
                self.queues.purge(queue)?;
                Ok(Value::Object(serde_json::Map::new()))
            }
            _ => Err(SqsError::unsupported(format!(
                "{operation} is not supported locally; the template defines the queues."
            ))),
        }
    }

    /// Finds the queue with a URL. Its last part is the name; the host can be any, as engines are called by several.
    fn queue_at(&self, url: &str) -> Result<&Queue, SqsError> {
        self.queue_named(url.rsplit('/').next().unwrap_or_default())
    }

    fn queue_named(&self, name: &str) -> Result<&Queue, SqsError> {
        self.queues.find(name).ok_or_else(SqsError::no_queue)
    }
}

async fn handle(State(sqs): State<Arc<Sqs>>, request: Request<Body>) -> Response<Body> {
    match sqs.handle(request).await {
        Ok(response) => Dialect::Sqs.success(&response),
        Err(error) => error.into_response(),
    }
}

/// Checks that the caller's role and the policy of the queue allow an action. In one account, either may allow it, and both
/// may deny it. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
fn authorize(caller: Caller<'_>, action: &str, queue: &Queue) -> Result<(), SqsError> {
    let action = format!("sqs:{action}");
    let context = [
        ("aws:SecureTransport", "true"),
        ("aws:PrincipalAccount", ACCOUNT),
    ];
    let applies = queue.policy.iter().filter(|statement| {
        caller.is_one_of(&statement.principals) && statement.applies(&action, &queue.arn, &context)
    });
    let effects: Vec<_> = applies
        .map(|statement| statement.statement.effect)
        .collect();
    if effects.contains(&Effect::Deny) {
        let why = "with an explicit deny in a resource-based policy";
        return Err(caller.denied(&action, &queue.arn, why).into());
    }
    match caller.check(&action, &queue.arn) {
        Err(denied) if denied.is_implicit() && effects.contains(&Effect::Allow) => Ok(()),
        outcome => Ok(outcome?),
    }
}
