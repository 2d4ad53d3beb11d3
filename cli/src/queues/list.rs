//! `cloakroom queues list`.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::{Error, stack::Queues};
use crate::aws::Target;

pub(super) const ABOUT: &str = "List the queues of a stack with the numbers of their messages

For each queue: the messages that wait, those that a function processes at the moment, and those with a delay. A dead-letter queue \
also has the time at which the oldest of its messages was sent, of at most ten that are looked at; they stay in the queue. The \
numbers are approximate, as SQS counts them.";

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    target: Target,
    /// Print one JSON object per queue
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &ListArgs, out: &mut impl Write) -> Result<(), Error> {
    let queues = Queues::open(&args.target).await?;
    for queue in &queues.all {
        let is_dead_letters = queues.is_dead_letters(queue);
        let oldest = if is_dead_letters && queue.waiting > 0 {
            let letters = queues.letters(queue, 10, &[]).await?;
            queues.give_back(queue, &letters).await?;
            letters
                .iter()
                .filter_map(super::letters::Letter::sent)
                .min()
        } else {
            None
        };
        if args.json {
            let line = json!({
                "name": queue.name, "waiting": queue.waiting, "inFlight": queue.in_flight, "delayed": queue.delayed,
                "deadLetters": is_dead_letters, "oldest": oldest,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let kind = if is_dead_letters {
            "  dead letters"
        } else {
            ""
        };
        let oldest = oldest.map_or(String::new(), |oldest| format!(", oldest of {oldest}"));
        writeln!(
            out,
            "{}  {} waiting, {} in flight, {} delayed{kind}{oldest}",
            queue.name, queue.waiting, queue.in_flight, queue.delayed
        )?;
    }
    Ok(())
}
