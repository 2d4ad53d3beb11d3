//! The services together: one purchase through all of them.

pub mod line;
