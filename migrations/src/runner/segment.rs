use futures_util::{StreamExt as _, stream};

use super::{Event, Runner, Table, items::Written};
use crate::{
    Error, Tally,
    ledger::{LedgerWriter, Position, Progress},
    steps::Change,
};

/// A part of a table that is read from its beginning to its end.
pub(super) struct Segment<'a> {
    pub runner: &'a Runner,
    pub writer: &'a LedgerWriter,
    pub table: &'a Table,
    pub change: &'a Change,
    pub position: Position,
    pub segments: i32,
}

impl Segment<'_> {
    /// Changes the items after those of `progress`, page by page.
    pub(super) async fn run(self, mut progress: Progress) -> Result<Progress, Error> {
        while !progress.is_done {
            let (page, last) = self.read(&progress).await?;
            let tally = self.write(page).await?;
            progress.tally += tally;
            progress.is_done = last.is_none();
            progress.after = last;
            self.writer.checkpoint(&self.position, &progress).await?;
            (self.runner.observe)(Event::Page(tally));
        }
        Ok(progress)
    }

    async fn read(
        &self,
        progress: &Progress,
    ) -> Result<(Vec<crate::Item>, Option<crate::Item>), Error> {
        let (pace, client) = (&self.runner.pace, &self.runner.stack.client);
        let limit = pace.page(self.runner.options.page);
        pace.wait(limit).await;
        let part = (self.position.segment, self.segments);
        let (items, last) = self
            .table
            .scan(client, part, progress.after.as_ref(), limit)
            .await?;
        let unused = u64::try_from(limit).unwrap_or_default() - items.len() as u64;
        pace.refund(unused);
        Ok((items, last))
    }

    /// Writes the items of a page, some at the same time.
    async fn write(&self, page: Vec<crate::Item>) -> Result<Tally, Error> {
        let segments = usize::try_from(self.segments).unwrap_or(1).max(1);
        let at_once = (self.runner.options.writes / segments).max(1);
        let mut tally = Tally::default();
        let mut writes = stream::iter(page)
            .map(|item| {
                let (client, lock) = (&self.runner.stack.client, self.writer.lock());
                self.table.change(client, lock, self.change, item)
            })
            .buffer_unordered(at_once);
        while let Some(written) = writes.next().await {
            tally.read += 1;
            match written? {
                Written::Changed => tally.changed += 1,
                Written::Unusable => tally.unusable += 1,
                Written::Unchanged => {}
            }
        }
        Ok(tally)
    }
}
