use auth::Caller;
use domain::User;
use http::StatusCode;
use http_api::{Gateway, Problem};
use store::accounts::{self, Managed, Order};

use crate::{App, view::parse_user_id};

/// 409: an administrator cannot change their own account, so that there is always one administrator.
const OWN_ACCOUNT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_yourself",
    "Administrators cannot change their own account. Ask another administrator.",
);

/// Applies an administrator's change to an account, and returns the user. Logs a change as a security event, with the ids
/// of the administrator and the user.
pub async fn manage(
    app: &App,
    gateway: &Gateway,
    admin: &Caller,
    id: &str,
    order: Order<'_>,
) -> Result<Box<User>, Problem> {
    let tables = (&app.credentials, &app.users);
    let admin_and_user = (admin.user_id, parse_user_id(id)?);
    match accounts::manage(tables, admin_and_user, order, app.clock.now()).await? {
        Managed::Changed(user) => {
            tracing::warn!(
                request_id = gateway.request_id,
                admin = %admin.user_id,
                user = %user.id,
                what = describe(order),
                "admin_changed_user"
            );
            Ok(user)
        }
        Managed::Unchanged(user) => Ok(user),
        Managed::Gone => Err(Problem::not_found()),
        Managed::NotAdmin => Err(Problem::forbidden()),
        Managed::Yourself => Err(OWN_ACCOUNT),
        Managed::Outdated => Err(Problem::changed_meanwhile()),
    }
}

/// Describes a change for the log.
fn describe(order: Order<'_>) -> String {
    match order {
        Order::Status(status) => status.as_str().to_owned(),
        Order::Roles(roles) => {
            let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            format!("roles: [{}]", names.join(", "))
        }
        Order::Deletion => "deleted".to_owned(),
    }
}
