use auth::Caller;
use domain::{AdminAction, User};
use http::StatusCode;
use http_api::{Gateway, Problem};
use store::{
    AccountTables,
    accounts::{self, AdminOutcome},
};

use crate::{App, view::parse_user_id};

/// 409: an administrator cannot change their own account, so that there is always one administrator.
const OWN_ACCOUNT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_yourself",
    "Administrators cannot change their own account. Ask another administrator.",
);

/// Applies an administrator's change to an account, and returns the user. The access token's role may be some minutes old:
/// the change also checks the stored role (`store::accounts::apply_admin_action`). Logs a change as a security event, with the ids
/// of the administrator and the user.
pub async fn manage(
    app: &App,
    gateway: &Gateway,
    admin: &Caller,
    id: &str,
    action: AdminAction<'_>,
) -> Result<Box<User>, Problem> {
    let (target, now) = (parse_user_id(id)?, app.clock.now());
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
                what = describe(action),
                "admin_changed_user"
            );
            Ok(user)
        }
        AdminOutcome::Unchanged(user) => Ok(user),
        AdminOutcome::NotFound => Err(Problem::not_found()),
        AdminOutcome::NotAdmin => Err(Problem::forbidden()),
        AdminOutcome::OwnAccount => Err(OWN_ACCOUNT),
        AdminOutcome::Conflict => Err(Problem::changed_meanwhile()),
    }
}

/// Describes a change for the log.
fn describe(action: AdminAction<'_>) -> String {
    match action {
        AdminAction::SetStatus(status) => status.as_str().to_owned(),
        AdminAction::SetRoles(roles) => {
            let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            format!("roles: [{}]", names.join(", "))
        }
        AdminAction::Delete => "deleted".to_owned(),
    }
}
