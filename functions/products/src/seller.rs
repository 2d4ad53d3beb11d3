use auth::Caller;
use axum::extract::FromRequestParts;
use domain::{Product, ProductId, Role};
use http::request::Parts;
use http_api::{Authenticated, Problem};

use crate::App;

/// The caller of a route for sellers. The role comes from the access token and may be some minutes old.
#[derive(Debug)]
pub struct Seller(pub Caller);

impl FromRequestParts<App> for Seller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        if caller.is_admin() || caller.roles.contains(&Role::Seller) {
            Ok(Self(caller))
        } else {
            Err(Problem::forbidden())
        }
    }
}

impl App {
    /// Finds the caller's product of this id. Products of other sellers are not found.
    pub async fn find_own(&self, caller: &Caller, id: &str) -> Result<Product, Problem> {
        let id = ProductId::parse(id).map_err(|_| Problem::not_found())?;
        let found = self.products.find(id).await?;
        let own = found.filter(|product| product.seller == caller.user_id);
        own.ok_or_else(Problem::not_found)
    }
}
