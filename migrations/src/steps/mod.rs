//! The steps of migrations. Each has an inverse, and each can be repeated.
//!
//! A step that changes items is a function from an item to an [`Edit`]. It returns `None` for an item that already has the new
//! shape.

mod attributes;
mod index;

use std::fmt;

pub use self::attributes::{back_fill, change_type, default_value, remove, rename};
pub use self::index::wait_for_index;
pub(crate) use self::index::{POLL, is_active};
use crate::{Edit, Item, Unusable};

/// What a step makes of an item: `None` if nothing has to change.
pub type Change = Box<dyn Fn(&Item) -> Result<Option<Edit>, Unusable> + Send + Sync>;

/// A part of a migration: a change of all items of a table, or a wait for one of its indexes.
pub struct Step {
    /// The logical id of the table in template.yaml.
    pub table: &'static str,
    what: String,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// Changes each item.
    Items(Change),
    /// Waits until the index of this name is active.
    Index(&'static str),
}

impl Step {
    /// Creates a step that changes the items of a table. `what` describes it: "give `received_at` a value".
    #[must_use]
    pub fn items(
        table: &'static str,
        what: impl Into<String>,
        change: impl Fn(&Item) -> Result<Option<Edit>, Unusable> + Send + Sync + 'static,
    ) -> Self {
        Self {
            table,
            what: what.into(),
            work: Work::Items(Box::new(change)),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.what)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({self})")
    }
}
