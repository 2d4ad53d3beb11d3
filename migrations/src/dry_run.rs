use crate::{
    Error, Runner, Tally,
    runner::Table,
    steps::{Change, Work, is_active},
};

/// What a step would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// Number and name of the migration.
    pub title: String,
    /// The step in words.
    pub step: String,
    /// The items that were read, those that would be changed, and those that cannot be changed.
    pub tally: Tally,
    /// About how many items the table has.
    pub items: u64,
    /// Whether only the first items were read.
    pub is_sample: bool,
}

impl Runner {
    /// Says for each step of the pending migrations how many items it would change, and writes nothing. `sample` limits the items
    /// that are read for a step. Each step is tried on the items as they are, without the steps before it.
    ///
    /// # Errors
    /// When the list does not fit the ledger, or a call fails.
    pub async fn dry_run(
        &self,
        to: Option<u32>,
        sample: Option<u64>,
    ) -> Result<Vec<DryRun>, Error> {
        let entries = self.checked_entries().await?;
        let mut found = Vec::new();
        for migration in self.pending(&entries, to) {
            for step in &migration.up {
                let (table, items) = self.table(step.table).await?;
                let change = match &step.work {
                    Work::Items(change) => change,
                    Work::Index(index) => {
                        self.check_index(&table, index).await?;
                        continue;
                    }
                };
                let (tally, is_sample) = self.try_change(change, &table, sample).await?;
                found.push(DryRun {
                    title: migration.title(),
                    step: step.to_string(),
                    tally,
                    items,
                    is_sample,
                });
            }
        }
        Ok(found)
    }

    /// Fails if the table has no such index.
    async fn check_index(&self, table: &Table, index: &'static str) -> Result<(), Error> {
        let description = table.describe(&self.stack.client).await?;
        let table = table.name.clone();
        is_active(&description, index)
            .map(drop)
            .ok_or(Error::NoIndex { table, index })
    }

    /// Tries a change on the items of a table, and tells whether it ended before the last one.
    async fn try_change(
        &self,
        change: &Change,
        table: &Table,
        sample: Option<u64>,
    ) -> Result<(Tally, bool), Error> {
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let left = sample.map_or(u64::MAX, |sample| sample.saturating_sub(tally.read));
            let limit = i32::try_from(left).unwrap_or(i32::MAX);
            let limit = self.pace.page(self.options.page.min(limit));
            self.pace.wait(limit).await;
            let client = &self.stack.client;
            let (items, last) = table.scan(client, (0, 1), after.as_ref(), limit).await?;
            for item in &items {
                tally.read += 1;
                match change(item) {
                    Ok(Some(_)) => tally.changed += 1,
                    Ok(None) => {}
                    Err(_) => tally.unusable += 1,
                }
            }
            if last.is_none() {
                return Ok((tally, false));
            }
            if sample.is_some_and(|sample| tally.read >= sample) {
                return Ok((tally, true));
            }
            after = last;
        }
    }
}
