use std::{env, io::Write};

use clap::Args;

use super::Error;

/// Arguments of `cloakroom migrate new`.
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Name in snake case, for example `add_colour`
    name: String,
}

pub(super) fn run(args: &NewArgs, out: &mut impl Write) -> Result<(), Error> {
    let created = migrations::create(&env::current_dir()?, &args.name)?;
    writeln!(out, "created   {}", created.file.display())?;
    writeln!(
        out,
        "Write the steps of {}, then try it: cargo run -- migrate up --env dev --local --dry-run",
        created.title
    )?;
    Ok(())
}
