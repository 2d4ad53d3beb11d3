//! `cloakroom users disable|enable|delete`: what administrators do with `/admin/users/{id}`, without an administrator.

use std::io::{self, BufRead as _, Write};

use clap::Args;
use domain::{AdminAction, Clock, Email, Status, User};
use store::{
    AccountTables,
    accounts::{self, AdminOutcome},
};

use super::{
    Error,
    account::AccountArg,
    tables::{Tables, TablesArgs},
};

/// Arguments of `cloakroom users disable` and `cloakroom users enable`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Id of the user, or e-mail address of the account
    #[arg(value_name = "ID|EMAIL", value_parser = AccountArg::parse)]
    account: AccountArg,
    #[command(flatten)]
    tables: TablesArgs,
}

/// Arguments of `cloakroom users delete`.
#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Id of the user, or e-mail address of the account
    #[arg(value_name = "ID|EMAIL", value_parser = AccountArg::parse)]
    account: AccountArg,
    /// Delete without asking for the e-mail address
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  cloakroom users disable ada@example.com --env prod
  cloakroom users enable ada@example.com --env prod
  cloakroom users disable 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11 --env dev --local

A disabled user cannot sign in, and all their sessions end; access tokens already issued work until they expire. Enabling does
not start the sessions again.

Required permissions: dynamodb:ListTables (unless --credentials-table and --users-table are given), dynamodb:GetItem and
dynamodb:UpdateItem on Credentials and Users.";

pub(super) const DELETE_ABOUT: &str = "\
Delete an account permanently and free its e-mail address

All sessions end. The user's files, shares, products and library are deleted within minutes, as with DELETE /users/me. Save what is stored about the person \
first with cloakroom users export.";

pub(super) const DELETE_EXAMPLES: &str = "\
Examples:
  cloakroom users delete ada@example.com --env prod
  cloakroom users delete 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11 --env dev --local --yes

Required permissions: dynamodb:ListTables (unless --credentials-table and --users-table are given), dynamodb:GetItem and
dynamodb:DeleteItem on Credentials and Users, and dynamodb:PutItem on Users.";

/// Disables or enables an account.
pub(super) async fn set_status(
    args: &StatusArgs,
    status: Status,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    let user = args.account.find(&tables).await?;
    let (email, word) = (user.email.display(), status_word(status));
    if apply(&tables, &user, AdminAction::SetStatus(status), clock).await? {
        Ok(writeln!(out, "{email} is {word}")?)
    } else {
        Ok(writeln!(out, "{email} was already {word}")?)
    }
}

/// Deletes an account.
pub(super) async fn delete(
    args: &DeleteArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    let user = args.account.find(&tables).await?;
    if !args.yes {
        confirm(&user)?;
    }
    apply(&tables, &user, AdminAction::Delete, clock).await?;
    Ok(writeln!(
        out,
        "{} ({}) is deleted",
        user.email.display(),
        user.id
    )?)
}

/// Asks for the address of the account on stderr, so that stdout has only the result.
fn confirm(user: &User) -> Result<(), Error> {
    let mut err = io::stderr();
    write!(
        err,
        "This deletes the account of {} permanently.\nType the e-mail address of the account to continue: ",
        user.name.as_str()
    )?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match Email::parse(&line) {
        Ok(typed) if typed.canonical() == user.email.canonical() => Ok(()),
        _ => Err(Error::NotConfirmed),
    }
}

/// Applies an action. Returns whether the account was changed.
async fn apply(
    tables: &Tables,
    user: &User,
    action: AdminAction<'_>,
    clock: &Clock,
) -> Result<bool, Error> {
    let both = AccountTables {
        credentials: &tables.credentials,
        users: &tables.users,
    };
    match accounts::apply_operator_action(both, user.id, action, clock.now()).await? {
        AdminOutcome::Changed(_) => Ok(true),
        AdminOutcome::Unchanged(_) => Ok(false),
        AdminOutcome::NotFound => Err(Error::NoAccount(format!("the id {}", user.id))),
        // The first two are about an administrator, and there is none.
        AdminOutcome::NotAdmin | AdminOutcome::OwnAccount | AdminOutcome::Conflict => {
            Err(Error::AccountKeepsChanging)
        }
    }
}

const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "enabled",
        Status::Disabled => "disabled",
    }
}
