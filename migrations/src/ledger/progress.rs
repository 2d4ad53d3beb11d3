use std::ops::AddAssign;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{n, number, s};
use crate::Item;

/// Counts of items. A page that was interrupted is read again, so its items are not counted as changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items that were read.
    pub read: u64,
    /// Items that were written.
    pub changed: u64,
    /// Items that cannot be changed and stay as they are.
    pub unusable: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.changed += other.changed;
        self.unusable += other.unusable;
    }
}

impl Tally {
    pub(super) fn attributes(&self) -> [(String, AttributeValue); 3] {
        [
            ("items_read".to_owned(), n(self.read)),
            ("items_changed".to_owned(), n(self.changed)),
            ("items_unusable".to_owned(), n(self.unusable)),
        ]
    }

    pub(super) fn read(item: &Item) -> Result<Self, &'static str> {
        Ok(Self {
            read: number(item, "items_read")?,
            changed: number(item, "items_changed")?,
            unusable: number(item, "items_unusable")?,
        })
    }
}

/// A segment of a step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub migration: u32,
    pub run: u32,
    pub step: usize,
    pub segment: i32,
}

/// How far a segment got.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Progress {
    /// The key of the last item of the last complete page; `None` before the first page and after the last.
    pub after: Option<Item>,
    /// Whether the segment is complete.
    pub is_done: bool,
    pub tally: Tally,
}

impl Position {
    pub(super) fn id(&self) -> String {
        let Self {
            migration,
            run,
            step,
            segment,
        } = self;
        format!("progress#{migration:04}#{run}#{step}#{segment}")
    }
}

impl Progress {
    pub(super) fn item(&self, position: &Position) -> Item {
        let mut item = Item::from([
            ("id".to_owned(), s(position.id())),
            ("is_done".to_owned(), AttributeValue::Bool(self.is_done)),
        ]);
        item.extend(self.tally.attributes());
        let after = self.after.clone();
        item.extend(after.map(|key| ("after".to_owned(), AttributeValue::M(key))));
        item
    }

    pub(super) fn read(item: &Item) -> Result<Self, &'static str> {
        let is_done = item.get("is_done").and_then(|value| value.as_bool().ok());
        let after = item.get("after").and_then(|value| value.as_m().ok());
        Ok(Self {
            after: after.cloned(),
            is_done: *is_done.ok_or("is_done")?,
            tally: Tally::read(item)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_was_written() {
        let position = Position {
            migration: 3,
            run: 2,
            step: 1,
            segment: 5,
        };
        assert_eq!(position.id(), "progress#0003#2#1#5");
        let mut progress = Progress::default();
        assert_eq!(
            Progress::read(&progress.item(&position)),
            Ok(progress.clone())
        );
        progress.after = Some(Item::from([("id".to_owned(), s("x"))]));
        progress.tally.changed = 3;
        assert_eq!(Progress::read(&progress.item(&position)), Ok(progress));
    }
}
