use std::io::Write;

use clap::Args;

use super::{Error, Store, store::WriteOutcome};
use crate::aws::Target;

/// Arguments of `cloakroom secrets migrate`.
#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: &MigrateArgs, out: &mut impl Write) -> Result<(), Error> {
    let store = Store::open(&args.target).await?;
    let old = store.at_path(&format!("/cloakroom/{}", args.target.env.as_str()));
    let mut found = old.list("", true).await?;
    if found.is_empty() {
        writeln!(out, "there is nothing under {}", old.path)?;
        return Ok(());
    }
    // Public keys before private keys: functions refuse a private key without its public key.
    found.sort_by_key(|entry| !entry.name.starts_with("keys/public/"));
    for entry in &found {
        let Some(value) = &entry.value else { continue };
        let name = store.name(&entry.name);
        match store.write(&entry.name, value, false).await? {
            WriteOutcome::Written(_) => writeln!(out, "copied {} to {name}", entry.full_name)?,
            WriteOutcome::AlreadyExists => writeln!(out, "already exists: {name}")?,
        }
    }
    writeln!(
        out,
        "When no stack uses them any more, delete the old parameters:"
    )?;
    for names in found.chunks(10) {
        let names: Vec<_> = names.iter().map(|entry| entry.full_name.as_str()).collect();
        writeln!(
            out,
            "  aws ssm delete-parameters --names {}",
            names.join(" ")
        )?;
    }
    Ok(())
}
