use auth::Caller;
use domain::User;
use http::StatusCode;
use http_api::{Gateway, Problem};
use store::accounts::{self, Managed, Order};

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
    order: Order<'_>,
) -> Result<Box<User>, Problem> {
    let (tables, both) = ((&app.credentials, &app.users), (admin.user_id, parse(id)?));
    match accounts::manage(tables, both, order, app.clock.now()).await? {
        Managed::Changed(user) => {
            tracing::warn!(
                request_id = gateway.request_id,
                admin = %admin.user_id,
                user = %user.id,
                what = in_words(order),
                "admin_changed_user"
            );
            Ok(user)
        }
        Managed::Unchanged(user) => Ok(user),
        Managed::Gone => Err(Problem::not_found()),
        Managed::NotAdmin => Err(Problem::forbidden()),
        Managed::Yourself => Err(NOT_YOURSELF),
        Managed::Outdated => Err(Problem::changed_meanwhile()),
    }
}

fn in_words(order: Order<'_>) -> String {
    match order {
        Order::Status(status) => status.as_str().to_owned(),
        Order::Roles(roles) => {
            let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            format!("roles: [{}]", words.join(", "))
        }
        Order::Deletion => "deleted".to_owned(),
    }
}
