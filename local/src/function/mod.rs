//! Runs functions as Lambda does: each instance is a separate process, handles one invocation at a time, and is reused
//! for later invocations. <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

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
