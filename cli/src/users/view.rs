//! How accounts are printed: as JSON, or as lines for people.

use std::io::{self, Write};

use domain::{Status, User};
use http_api::UserView;
use serde::Serialize;

/// A user with the status, as `GET /admin/users` shows it.
#[derive(Debug, Serialize)]
pub(super) struct AccountView {
    #[serde(flatten)]
    user: UserView,
    status: &'static str,
}

impl AccountView {
    pub(super) fn of(user: &User) -> Self {
        Self {
            user: UserView::own(user),
            status: user.status.as_str(),
        }
    }
}

/// Prints users: one JSON object per line, or a table.
pub(super) fn print(users: &[User], is_json: bool, out: &mut impl Write) -> io::Result<()> {
    for user in users {
        if is_json {
            writeln!(out, "{}", serde_json::to_string(&AccountView::of(user))?)?;
        } else {
            print_line(user, out)?;
        }
    }
    Ok(())
}

/// Prints the id, the date of the sign-up, the address, the name, and what is special about the account.
fn print_line(user: &User, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "{}  {}  {}  {}",
        user.id,
        user.created_at.date(),
        user.email.display(),
        user.name.as_str(),
    )?;
    for role in &user.roles {
        write!(out, "  [{}]", role.as_str())?;
    }
    if user.status == Status::Disabled {
        write!(out, "  [disabled]")?;
    }
    writeln!(out)
}
