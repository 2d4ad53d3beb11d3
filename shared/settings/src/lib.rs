#![doc = include_str!("../README.md")]

pub mod aws;
mod cached;
mod env;
mod http;
mod parameters;
mod regions;

#[cfg(test)]
mod cold_starts;

pub use cached::{Cached, LoadError, Unavailable};
pub use env::{Env, EnvError};
pub use parameters::Parameters;
