use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::sleep;

use super::{Event, Runner, Summary, Table, segment::Segment};
use crate::{
    Direction, Down, Entry, Error, Migration, Step, Tally,
    ledger::{LedgerWriter, Position, Progress},
    steps::{POLL, Work, is_active},
};

impl Runner {
    /// Runs or continues a migration in one direction. `again` begins a new run of a finished one.
    pub(super) async fn run(
        &self,
        writer: &LedgerWriter,
        migration: &Migration,
        direction: Direction,
        last: Option<&Entry>,
        again: bool,
    ) -> Result<Summary, Error> {
        let unfinished = last.filter(|it| it.direction == direction && !it.is_finished && !again);
        let mut entry = if let Some(entry) = unfinished {
            entry.clone()
        } else {
            let segments = self.options.segments;
            let entry = Entry::begin(migration, direction, last, segments, self.now());
            writer.record(&entry).await?;
            entry
        };
        let steps = match (&direction, &migration.down) {
            (Direction::Up, _) => &migration.up,
            (Direction::Down, Down::Steps(steps)) => steps,
            (Direction::Down, Down::Impossible(_)) => &Vec::new(),
        };
        let mut tally = Tally::default();
        for (number, step) in steps.iter().enumerate() {
            tally += self.step(writer, &entry, (number, step)).await?;
        }
        entry.is_finished = true;
        entry.finished_at = Some(self.now());
        entry.tally = tally;
        writer.record(&entry).await?;
        // A run that is killed from here on leaves items that no other run reads.
        for position in positions(&entry, steps.len()) {
            writer.forget(&position).await?;
        }
        Ok(Summary {
            title: migration.title(),
            direction,
            tally,
        })
    }

    async fn step(
        &self,
        writer: &LedgerWriter,
        entry: &Entry,
        (number, step): (usize, &Step),
    ) -> Result<Tally, Error> {
        let (table, items) = self.table(step.table).await?;
        let change = match &step.work {
            Work::Items(change) => change,
            Work::Index(index) => {
                self.wait_for(&table, index).await?;
                return Ok(Tally::default());
            }
        };
        let mut segments = Vec::new();
        for position in positions_of(entry, number) {
            let progress = self.ledger().progress(&position).await?;
            segments.push((position, progress));
        }
        (self.observe)(Event::Step {
            title: entry.title(),
            direction: entry.direction,
            step: step.to_string(),
            items,
            read: segments.iter().map(|(_, it)| it.tally.read).sum(),
        });
        let running: FuturesUnordered<_> = segments
            .into_iter()
            .map(|(position, progress)| {
                let segment = Segment {
                    runner: self,
                    writer,
                    table: &table,
                    change,
                    position,
                    segments: entry.segments,
                };
                segment.run(progress)
            })
            .collect();
        sum(running).await
    }

    async fn wait_for(&self, table: &Table, index: &'static str) -> Result<(), Error> {
        loop {
            let description = table.describe(&self.stack.client).await?;
            match is_active(&description, index) {
                Some(true) => return Ok(()),
                Some(false) => {
                    let table = table.name.clone();
                    (self.observe)(Event::Waiting { table, index });
                    sleep(POLL).await;
                }
                None => {
                    let table = table.name.clone();
                    return Err(Error::NoIndex { table, index });
                }
            }
        }
    }
}

/// Awaits all segments, and ends with the first error: the other segments stop at once.
async fn sum<F>(mut running: FuturesUnordered<F>) -> Result<Tally, Error>
where
    F: Future<Output = Result<Progress, Error>>,
{
    let mut tally = Tally::default();
    while let Some(progress) = running.next().await {
        tally += progress?.tally;
    }
    Ok(tally)
}

fn positions(entry: &Entry, steps: usize) -> impl Iterator<Item = Position> {
    (0..steps).flat_map(move |step| positions_of(entry, step))
}

fn positions_of(entry: &Entry, step: usize) -> impl Iterator<Item = Position> + use<> {
    let (migration, run) = (entry.number, entry.run);
    (0..entry.segments).map(move |segment| Position {
        migration,
        run,
        step,
        segment,
    })
}
