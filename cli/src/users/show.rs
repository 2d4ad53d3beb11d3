use std::io::Write;

use clap::Args;
use domain::{Clock, Role, Roles};
use indicatif::HumanBytes;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Error,
    account::AccountArg,
    person::{Person, stored},
    tables::{PersonTables, TablesArgs},
};

/// Arguments of `cloakroom users show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Id of the user, or e-mail address of the account
    #[arg(value_name = "ID|EMAIL", value_parser = AccountArg::parse)]
    account: AccountArg,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users show ada@example.com --env prod
  cloakroom users show 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11 --env dev --local

Required permissions: dynamodb:ListTables, dynamodb:GetItem on Credentials, Users, Quotas and MailBlocks, and dynamodb:Query on
Sessions and Uploads.";

pub(super) async fn run(args: &ShowArgs, clock: &Clock, out: &mut impl Write) -> Result<(), Error> {
    let tables = PersonTables::open(&args.tables).await?;
    let now = clock.now();
    let person = Person::read(&tables, &args.account, now).await?;
    let (files, bytes) = stored(&tables.uploads.all_of(person.user.id).await?);
    for (name, value) in lines(&person, now) {
        writeln!(out, "{name:<10}{value}")?;
    }
    writeln!(
        out,
        "{:<10}{files} stored ({}), {} open; {} of deleted files can be restored",
        "uploads",
        HumanBytes(bytes),
        person.usage.open,
        HumanBytes(person.usage.kept),
    )?;
    Ok(())
}

fn lines(person: &Person, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let Person {
        user,
        credential,
        sessions,
        ..
    } = person;
    let verified = match credential.verified_at {
        Some(at) => format!("verified {}", format_time(at)),
        None => "not verified".to_owned(),
    };
    let mail = match &person.mail_block {
        Some(block) => format!(
            "blocked since {}: {}",
            format_time(block.since),
            block.reason.as_str()
        ),
        None => "not blocked".to_owned(),
    };
    let last_used = sessions.iter().map(store::SessionEntry::last_used_at).max();
    let last_used = last_used.map(|at| format!(", last used {}", format_time(at)));
    let mut lines = vec![
        ("id", user.id.to_string()),
        ("email", format!("{} ({verified})", user.email.display())),
        ("name", user.name.as_str().to_owned()),
        ("status", user.status.as_str().to_owned()),
        ("roles", list_roles(&user.roles)),
        ("created", format_time(user.created_at)),
        ("updated", format_time(user.updated_at)),
        (
            "sessions",
            format!("{}{}", sessions.len(), last_used.unwrap_or_default()),
        ),
        ("mail", mail),
    ];
    let locked_until = credential.lockout.locked_until.filter(|until| now < *until);
    lines.extend(locked_until.map(|until| {
        let failed = credential.lockout.failed.number();
        (
            "lockout",
            format!(
                "until {}, after {failed} wrong passwords",
                format_time(until)
            ),
        )
    }));
    lines
}

fn list_roles(roles: &Roles) -> String {
    let names: Vec<_> = roles.iter().copied().map(Role::as_str).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn format_time(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
