//! Compares the list of migrations with the ledger.

use std::fmt;

use crate::{Entry, Migration, State, migration::title};

/// A migration and its record.
#[derive(Debug)]
pub struct Status<'a> {
    /// The number.
    pub number: u32,
    /// The name in the list, or in the ledger if the list does not have it.
    pub name: &'a str,
    /// The state.
    pub state: State,
    /// The record of its last run.
    pub entry: Option<&'a Entry>,
    /// What does not fit.
    pub problem: Option<Problem>,
}

/// A difference between the list and the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The list has no migration of this number, but it was applied.
    Missing(String),
    /// The migration has another name in the ledger.
    Renamed {
        /// Number and name in the list.
        title: String,
        /// Number and name in the ledger.
        applied: String,
    },
    /// The migration has other steps than when it was applied.
    Changed {
        /// Number and name.
        title: String,
        /// The steps in the ledger.
        applied: String,
    },
    /// A later migration was applied before this one.
    OutOfOrder {
        /// Number and name.
        title: String,
        /// Number and name of the later one.
        later: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(applied) => write!(
                f,
                "{applied} was applied here, but this version of `cloakroom` does not have it. Use the version that has it"
            ),
            Self::Renamed { title, applied } => write!(
                f,
                "{title} has another name here: {applied}. Give it its name again, and a new migration the next number"
            ),
            Self::Changed { title, applied } => write!(
                f,
                "{title} was applied here with other steps ({applied}). Restore its steps, and write a new migration for the change"
            ),
            Self::OutOfOrder { title, later } => write!(
                f,
                "{title} is not applied, but the later {later} is. Give it the next number, because migrations run in order"
            ),
        }
    }
}

/// Returns the status of each migration of the list and of the ledger, by number.
pub(crate) fn statuses<'a>(list: &'a [Migration], entries: &'a [Entry]) -> Vec<Status<'a>> {
    let last_applied = entries
        .iter()
        .rev()
        .find(|entry| entry.state().can_be_reverted());
    let known = list.iter().map(|migration| {
        let entry = entries
            .iter()
            .find(|entry| entry.number == migration.number);
        let state = entry.map_or(State::Pending, Entry::state);
        Status {
            number: migration.number,
            name: migration.name,
            state,
            entry,
            problem: problem(migration, state, entry, last_applied),
        }
    });
    let missing = entries
        .iter()
        .filter(|entry| !list.iter().any(|it| it.number == entry.number))
        .map(|entry| Status {
            number: entry.number,
            name: &entry.name,
            state: entry.state(),
            entry: Some(entry),
            problem: entry
                .state()
                .can_be_reverted()
                .then(|| Problem::Missing(entry.title())),
        });
    let mut all: Vec<_> = known.chain(missing).collect();
    all.sort_by_key(|status| status.number);
    all
}

fn problem(
    migration: &Migration,
    state: State,
    entry: Option<&Entry>,
    last_applied: Option<&Entry>,
) -> Option<Problem> {
    if let Some(entry) = entry.filter(|entry| entry.state().can_be_reverted()) {
        if entry.name != migration.name {
            return Some(Problem::Renamed {
                title: migration.title(),
                applied: entry.title(),
            });
        }
        if entry.steps != migration.describe() {
            return Some(Problem::Changed {
                title: migration.title(),
                applied: entry.steps.clone(),
            });
        }
    }
    let later = last_applied.filter(|later| later.number > migration.number)?;
    matches!(state, State::Pending | State::Reverted).then(|| Problem::OutOfOrder {
        title: migration.title(),
        later: title(later.number, &later.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Down, steps};

    fn migration(number: u32, name: &'static str, attribute: &'static str) -> Migration {
        Migration {
            number,
            name,
            up: vec![steps::remove("UsersTable", [attribute])],
            down: Down::Impossible("gone"),
        }
    }

    fn applied(migration: &Migration) -> Entry {
        let entry = Entry::begin(migration, Direction::Up, None, 1, String::new());
        Entry {
            is_finished: true,
            ..entry
        }
    }

    fn problems(list: &[Migration], entries: &[Entry]) -> Vec<Option<Problem>> {
        let statuses = statuses(list, entries).into_iter();
        statuses.map(|status| status.problem).collect()
    }

    #[test]
    fn an_unchanged_list_has_no_problem() {
        let list = [migration(1, "one", "a"), migration(2, "two", "b")];
        assert_eq!(problems(&list, &[applied(&list[0])]), [None, None]);
        let all: Vec<_> = list.iter().map(applied).collect();
        assert_eq!(problems(&list, &all), [None, None]);
    }

    #[test]
    fn a_renamed_a_changed_a_missing_and_a_late_migration_are_noticed() {
        let (one, two) = (migration(1, "one", "a"), migration(2, "two", "b"));
        let entries = [applied(&one), applied(&two)];
        let text = |list: &[Migration]| {
            let found = problems(list, &entries).into_iter().flatten();
            found.map(|problem| problem.to_string()).collect::<Vec<_>>()
        };
        let renamed = text(&[migration(1, "uno", "a"), migration(2, "two", "b")]);
        assert!(
            renamed[0].contains("another name here: 0001_one"),
            "{renamed:?}"
        );
        let changed = text(&[migration(1, "one", "c"), migration(2, "two", "b")]);
        assert!(
            changed[0].contains("other steps (UsersTable: remove a)"),
            "{changed:?}"
        );
        let missing = text(&[one]);
        assert!(
            missing[0].starts_with("0002_two was applied here"),
            "{missing:?}"
        );

        let list = [migration(1, "one", "a"), two];
        let late = problems(&list, &entries[1..]);
        assert!(
            matches!(late[0], Some(Problem::OutOfOrder { .. })),
            "{late:?}"
        );
    }
}
