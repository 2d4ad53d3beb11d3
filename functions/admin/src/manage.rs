use auth::Caller;
use domain::{AdminAction, User};
use http::StatusCode;
use http_api::{Gateway, Problem};
use store::{
    AccountTables,
    accounts::{self, AdminOutcome},
};

use crate::{App, view::parse};

const NOT_YOURSELF: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_yourself",
    "administrators change other people's accounts, not their own, so that there is always one left",
);

/// Does to an account what an administrator wants, and answers with the user. What changed goes to the log as a security
/// event: who did what to whom, by their ids.
pub async fn manage(
    app: &App,
    gateway: &Gateway,
    admin: &Caller,
    id: &str,
    action: AdminAction<'_>,
) -> Result<Box<User>, Problem> {
    let (target, now) = (parse(id)?, app.clock.now());
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    match accounts::apply_admin_action(tables, admin.user_id, target, action, now).await? {
        AdminOutcome::Changed(user) => {
            tracing::warn!(
                request_id = gateway.request_id,
                admin = %admin.user_id,
                user = %user.id,
                what = in_words(action),
                "admin_changed_user"
            );
            Ok(user)
        }
        AdminOutcome::Unchanged(user) => Ok(user),
        AdminOutcome::NotFound => Err(Problem::not_found()),
        AdminOutcome::NotAdmin => Err(Problem::forbidden()),
        AdminOutcome::OwnAccount => Err(NOT_YOURSELF),
        AdminOutcome::Conflict => Err(Problem::changed_meanwhile()),
    }
}

fn in_words(action: AdminAction<'_>) -> String {
    match action {
        AdminAction::SetStatus(status) => status.as_str().to_owned(),
        AdminAction::SetRoles(roles) => {
            let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            format!("roles: [{}]", words.join(", "))
        }
        AdminAction::Delete => "deleted".to_owned(),
    }
}
