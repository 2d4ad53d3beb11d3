//! `cloakroom queues show`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{Error, letters::Letter, redact::redact, stack::Queues};
use crate::aws::Target;

pub(super) const ABOUT: &str = "Show the messages of a dead-letter queue, and leave them there

QUEUE is the name of the queue or its logical id in the template, such as LibraryDeadLetters. The name of a queue that has a \
dead-letter queue, such as LibraryQueue, is enough.

Passwords, tokens and other secrets in the messages are replaced. The messages are hidden from other readers while the command \
runs, and SQS counts that they were received.";

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Name or logical id of a queue
    queue: String,
    #[command(flatten)]
    target: Target,
    /// Maximum number of messages
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Print one JSON object per message
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &ShowArgs, out: &mut impl Write) -> Result<(), Error> {
    let queues = Queues::open(&args.target).await?;
    let queue = queues.dead_letters_of(&args.queue)?;
    let letters = queues.letters(queue, args.limit.into(), &[]).await?;
    let shown = letters
        .iter()
        .try_for_each(|letter| write(args, letter, out));
    // Also when the output is closed.
    queues.give_back(queue, &letters).await?;
    shown?;
    if letters.is_empty() && !args.json {
        writeln!(out, "{} is empty", queue.name)?;
    }
    Ok(())
}

fn write(args: &ShowArgs, letter: &Letter, out: &mut impl Write) -> Result<(), Error> {
    let mut body = letter.body.clone();
    redact(&mut body);
    if args.json {
        let attributes = letter.message.message_attributes().into_iter().flatten();
        let attributes =
            attributes.map(|(name, value)| (name.clone(), json!(value.string_value())));
        let line = json!({
            "messageId": letter.id(), "type": letter.kind(), "event": letter.event(), "sent": letter.sent(),
            "receives": letter.receives(), "source": letter.source(),
            "attributes": attributes.collect::<serde_json::Map<String, Value>>(), "body": body,
        });
        writeln!(out, "{line}")?;
        return Ok(());
    }
    let event = letter.event().map_or(String::new(), |id| format!("  {id}"));
    writeln!(
        out,
        "{}  {}{event}  sent {}, received {} times\n    {body}",
        letter.id(),
        letter.kind(),
        letter.sent().unwrap_or_default(),
        letter.receives().unwrap_or_default(),
    )?;
    Ok(())
}
