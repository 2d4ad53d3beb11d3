//! Functions as Lambda runs them: each instance is a process of its own, takes one invocation at
//! a time and lives on for the next one.

mod environment;
mod instance;
mod invocation;
mod pool;
mod runtime_api;

pub(crate) use self::{
    environment::{Engines, Program, bootstrap},
    invocation::Failure,
    pool::Pool,
};
