//! Delivers events to functions and queues: event buses, schedules, asynchronous invocations, `DynamoDB` streams and queues.

mod bus;
mod checkpoints;
mod dead_letters;
mod follow;
mod messages;
mod schedule;
mod settled;

pub(crate) use self::{
    bus::{Bus, BusContext},
    checkpoints::Checkpoints,
    follow::{StreamContext, StreamPosition, start as consume_streams},
    messages::{QueueContext, start as consume_queues},
    schedule::start as start_schedules,
    settled::Settlement,
};
