#![doc = include_str!("../README.md")]

mod counters;
mod line;
mod metric;

pub use counters::{
    Counted, Counters, Value, add, add_duration, add_units, count, count_call, take,
};
pub use line::document;
pub use metric::{Metric, Unit};
