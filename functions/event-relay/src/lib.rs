//! Publishes what changes in the tables: turns the records of their streams into events, and puts them on the event bus.
//!
//! A change cannot be committed without its event, because the stream is a part of the table.

mod publish;
mod record;

use std::process::ExitCode;

use http_api::InitError;
use settings::Env;

use self::{publish::Bus, record::Tables};

struct App {
    tables: Tables,
    bus: Bus,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, _| {
        let app = app(env)?;
        Ok(async move |batch, _| Ok(publish::relay(&app.tables, &app.bus, &batch).await))
    })
}

fn app(env: &Env) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    Ok(App {
        tables: Tables::from_env(env)?,
        bus: Bus::from_env(env, &aws)?,
    })
}
