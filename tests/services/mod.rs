//! The services together: one purchase through all of them, and what works while one of them is stopped.

mod catalogue;
mod chaos;
mod document;
pub mod line;
mod outage;
mod requests;
mod world;
