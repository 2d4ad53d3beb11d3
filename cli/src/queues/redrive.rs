//! `cloakroom queues redrive`.

use std::{io::Write, time::Duration};

use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry;
use clap::Args;
use tokio::time::sleep;

use super::{
    Error,
    letters::Letter,
    stack::{Queue, Queues},
};
use crate::aws::Target;

pub(super) const ABOUT: &str = "Move messages from a dead-letter queue back to the queues that they came from

Correct the cause first: a message that fails again returns to the dead-letter queue. QUEUE is as in `cloakroom queues show`. \
Consumers of events accept an event that they have already seen, so moving a message twice does no harm.";

/// The pause between two checks of the progress.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct RedriveArgs {
    /// Name or logical id of a queue
    queue: String,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Move all messages
    #[arg(long)]
    all: bool,
    /// Move at most this number of messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max: Option<u16>,
    /// Move the message with this id; can be repeated
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
}

pub(super) async fn run(args: &RedriveArgs, out: &mut impl Write) -> Result<(), Error> {
    let queues = Queues::open(&args.target).await?;
    let queue = queues.dead_letters_of(&args.queue)?;
    if queues.sources(queue).next().is_none() {
        return Err(Error::NoSource(queue.name.clone()));
    }
    let moved = if args.which.all {
        queues.move_all(queue, out).await?
    } else {
        let limit = args.which.max.map_or(args.which.id.len(), usize::from);
        queues.move_some(queue, limit, &args.which.id).await?
    };
    writeln!(out, "moved {moved} messages out of {}", queue.name)?;
    Ok(())
}

impl Queues {
    /// Starts a move task and follows it to its end.
    async fn move_all(&self, queue: &Queue, out: &mut impl Write) -> Result<i64, Error> {
        let start = self.client.start_message_move_task().source_arn(&queue.arn);
        let started = start.send().await;
        started.map_err(|error| self.error("sqs:StartMessageMoveTask", &queue.name, &error))?;
        let mut last = 0;
        loop {
            let task = self.last_task(queue).await?;
            let moved = task.approximate_number_of_messages_moved();
            match task.status().unwrap_or_default() {
                "RUNNING" => {}
                "COMPLETED" => return Ok(moved),
                status => {
                    return Err(Error::Move {
                        status: status.to_owned(),
                        moved,
                        reason: task.failure_reason().unwrap_or("no reason").to_owned(),
                    });
                }
            }
            if moved != last {
                last = moved;
                let total = task.approximate_number_of_messages_to_move().unwrap_or(0);
                writeln!(out, "moved {moved} of about {total}")?;
            }
            sleep(PAUSE).await;
        }
    }

    async fn last_task(&self, queue: &Queue) -> Result<ListMessageMoveTasksResultEntry, Error> {
        let list = self.client.list_message_move_tasks().source_arn(&queue.arn);
        let listed = list.send().await;
        let listed =
            listed.map_err(|error| self.error("sqs:ListMessageMoveTasks", &queue.name, &error))?;
        let task = listed.results.unwrap_or_default().into_iter().next();
        task.ok_or_else(|| Error::Move {
            status: "unknown".to_owned(),
            moved: 0,
            reason: "SQS lists no task".to_owned(),
        })
    }

    /// Sends messages to the queues that they came from, and deletes each afterwards. A command that is killed between the two
    /// leaves the message in both queues, and consumers accept it twice.
    async fn move_some(&self, queue: &Queue, limit: usize, ids: &[String]) -> Result<i64, Error> {
        let letters = self.letters(queue, limit, ids).await?;
        let is_missing = |id: &&String| !letters.iter().any(|letter| letter.id() == *id);
        let missing: Vec<_> = ids.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            self.give_back(queue, &letters).await?;
            let queue = queue.name.clone();
            return Err(Error::NoMessages {
                queue,
                ids: missing,
            });
        }
        let (movable, others): (Vec<_>, Vec<_>) = letters
            .into_iter()
            .partition(|letter| self.source_of(letter).is_some());
        self.give_back(queue, &others).await?;
        if movable.is_empty() && !others.is_empty() {
            return Err(Error::NoSource(queue.name.clone()));
        }
        for letter in &movable {
            self.move_one(queue, letter).await?;
        }
        Ok(i64::try_from(movable.len()).unwrap_or(i64::MAX))
    }

    fn source_of(&self, letter: &Letter) -> Option<&Queue> {
        let arn = letter.source()?;
        self.all.iter().find(|queue| queue.arn == arn)
    }

    async fn move_one(&self, queue: &Queue, letter: &Letter) -> Result<(), Error> {
        let Some(source) = self.source_of(letter) else {
            return Ok(());
        };
        let request = self
            .client
            .send_message()
            .queue_url(&source.url)
            .message_body(letter.message.body().unwrap_or_default())
            .set_message_attributes(letter.message.message_attributes().cloned());
        let sent = request.send().await;
        sent.map_err(|error| self.error("sqs:SendMessage", &source.name, &error))?;
        let delete = self.client.delete_message().queue_url(&queue.url);
        let delete = delete.set_receipt_handle(letter.message.receipt_handle.clone());
        let deleted = delete.send().await;
        deleted.map_err(|error| self.error("sqs:DeleteMessage", &queue.name, &error))?;
        Ok(())
    }
}
