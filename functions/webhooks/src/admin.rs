use axum::extract::FromRequestParts;
use http::request::Parts;
use http_api::{Authenticated, Problem};

use crate::App;

/// The caller of a route for administrators. The role comes from the access token and may be some minutes old.
#[derive(Debug)]
pub struct Admin(pub auth::Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        if caller.is_admin() {
            Ok(Self(caller))
        } else {
            Err(Problem::forbidden())
        }
    }
}
