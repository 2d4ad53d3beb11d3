use crate::Step;

/// A change of stored data, and how to undo it.
#[derive(Debug)]
pub struct Migration {
    /// The position in the list, from 1.
    pub number: u32,
    /// The name, as in the name of the file. The ledger has it, so it does not change.
    pub name: &'static str,
    /// The steps, in order. Each can be repeated: it changes no item that already has the new shape.
    pub up: Vec<Step>,
    /// How to undo it.
    pub down: Down,
}

/// How to undo a migration.
#[derive(Debug)]
pub enum Down {
    /// By these steps, in order.
    Steps(Vec<Step>),
    /// Not at all, for this reason.
    Impossible(&'static str),
}

impl Migration {
    /// Describes the steps in one line. The ledger has it, so that a migration is noticed that was changed after it was applied.
    #[must_use]
    pub fn describe(&self) -> String {
        let steps: Vec<_> = self.up.iter().map(ToString::to_string).collect();
        steps.join("; ")
    }

    /// Returns the number and the name, as in the name of the file.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.number, self.name)
    }
}

/// Returns a number and a name, as in the name of the file.
pub(crate) fn title(number: u32, name: &str) -> String {
    format!("{number:04}_{name}")
}
