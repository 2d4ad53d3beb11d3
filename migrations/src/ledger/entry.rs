use super::{Tally, n, number, s, text};
use crate::{Item, Migration, migration::title};

/// Which way a migration was run last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `up`: to the new shape.
    Up,
    /// `down`: back to the old shape.
    Down,
}

/// The state of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was never run.
    Pending,
    /// An `up` has begun and is not finished.
    Applying,
    /// All items have the new shape.
    Applied,
    /// A `down` has begun and is not finished.
    Reverting,
    /// All items have the old shape again.
    Reverted,
}

/// The record of a migration that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of the migration.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its steps, in words.
    pub steps: String,
    /// The direction of the last run.
    pub direction: Direction,
    /// Whether the last run is finished.
    pub is_finished: bool,
    /// The number of the last run. An interrupted run is continued and keeps its number.
    pub run: u32,
    /// The number of parts that tables are read in. An interrupted run keeps it, because it has a position in each.
    pub segments: i32,
    /// When the last run began.
    pub started_at: String,
    /// When it finished.
    pub finished_at: Option<String>,
    /// What it did.
    pub tally: Tally,
}

impl Direction {
    /// The word of the command.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl State {
    /// The word in the output of `cloakroom migrate status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Reverting => "reverting",
            Self::Reverted => "reverted",
        }
    }

    /// Whether `up` has something to do.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        !matches!(self, Self::Applied)
    }

    /// Whether `down` has something to do: some items may have the new shape.
    #[must_use]
    pub const fn can_be_reverted(self) -> bool {
        !matches!(self, Self::Pending | Self::Reverted)
    }
}

impl Entry {
    /// Begins a run of a migration. `last` is the entry of its last run.
    pub(crate) fn begin(
        migration: &Migration,
        direction: Direction,
        last: Option<&Self>,
        segments: i32,
        now: String,
    ) -> Self {
        Self {
            number: migration.number,
            name: migration.name.to_owned(),
            steps: migration.describe(),
            direction,
            is_finished: false,
            run: last.map_or(1, |last| last.run + 1),
            segments,
            started_at: now,
            finished_at: None,
            tally: Tally::default(),
        }
    }

    /// The state of the migration.
    #[must_use]
    pub const fn state(&self) -> State {
        match (self.direction, self.is_finished) {
            (Direction::Up, false) => State::Applying,
            (Direction::Up, true) => State::Applied,
            (Direction::Down, false) => State::Reverting,
            (Direction::Down, true) => State::Reverted,
        }
    }

    /// The number and the name.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.number, &self.name)
    }

    pub(super) fn item(&self) -> Item {
        let mut item = Item::from([
            ("id".to_owned(), s(format!("migration#{:04}", self.number))),
            ("number".to_owned(), n(self.number)),
            ("name".to_owned(), s(&self.name)),
            ("steps".to_owned(), s(&self.steps)),
            ("direction".to_owned(), s(self.direction.as_str())),
            (
                "is_finished".to_owned(),
                super::AttributeValue::Bool(self.is_finished),
            ),
            ("run".to_owned(), n(self.run)),
            ("segments".to_owned(), n(self.segments)),
            ("started_at".to_owned(), s(&self.started_at)),
        ]);
        item.extend(self.tally.attributes());
        let finished = self.finished_at.as_ref();
        item.extend(finished.map(|at| ("finished_at".to_owned(), s(at))));
        item
    }

    pub(super) fn read(item: &Item) -> Result<Self, &'static str> {
        let direction = match text(item, "direction")?.as_str() {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => return Err("direction"),
        };
        let is_finished = item
            .get("is_finished")
            .and_then(|value| value.as_bool().ok());
        Ok(Self {
            number: number(item, "number")?,
            name: text(item, "name")?,
            steps: text(item, "steps")?,
            direction,
            is_finished: *is_finished.ok_or("is_finished")?,
            run: number(item, "run")?,
            segments: number(item, "segments")?,
            started_at: text(item, "started_at")?,
            finished_at: text(item, "finished_at").ok(),
            tally: Tally::read(item)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let migration = Migration {
            number: 7,
            name: "add_colour",
            up: vec![crate::steps::remove("UsersTable", ["colour"])],
            down: crate::Down::Impossible("the colours are gone"),
        };
        let mut entry = Entry::begin(&migration, Direction::Up, None, 8, "now".to_owned());
        assert_eq!(entry.state(), State::Applying);
        assert_eq!(Entry::read(&entry.item()), Ok(entry.clone()));
        entry.finished_at = Some("later".to_owned());
        entry.is_finished = true;
        entry.tally.read = 12;
        assert_eq!(Entry::read(&entry.item()), Ok(entry.clone()));
        assert_eq!(
            (entry.state(), entry.title().as_str(), entry.steps.as_str()),
            (
                State::Applied,
                "0007_add_colour",
                "UsersTable: remove colour"
            )
        );
        let again = Entry::begin(&migration, Direction::Down, Some(&entry), 4, "x".to_owned());
        assert_eq!((again.run, again.state()), (2, State::Reverting));
    }
}
