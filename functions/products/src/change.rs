use auth::Caller;
use domain::Product;
use http_api::{IfMatch, Problem};
use store::ProductChange;

use crate::{
    App,
    problems::{CONCURRENT_CHANGE, STALE},
    publish,
    update::{self, UpdateProductRequest},
};

/// A change of a product.
#[derive(Clone, Copy)]
pub enum Change<'a> {
    /// New details.
    Update(&'a UpdateProductRequest),
    /// It is offered for sale.
    Publish,
    /// It is taken out of the shop.
    Archive,
}

/// Attempts to change a product that other requests change at the same time.
const TRIES: u32 = 5;

impl App {
    /// Changes the caller's product: decides by the product as it is, and again when another request changed it first. Returns
    /// the product afterwards.
    pub async fn change(
        &self,
        caller: &Caller,
        id: &str,
        if_match: &IfMatch,
        change: Change<'_>,
    ) -> Result<Product, Problem> {
        for _ in 0..TRIES {
            let product = self.find_own(caller, id).await?;
            if let IfMatch::OneOf(versions) = if_match
                && !versions.contains(&product.version)
            {
                return Err(STALE);
            }
            let Some(next) = self.next(&product, change).await? else {
                return Ok(product);
            };
            match self.products.change(&next).await? {
                ProductChange::Changed => return Ok(next),
                ProductChange::Conflict => {}
            }
        }
        Err(CONCURRENT_CHANGE)
    }

    /// The product after a change; `None` if the change leaves it as it is.
    async fn next(
        &self,
        product: &Product,
        change: Change<'_>,
    ) -> Result<Option<Product>, Problem> {
        match change {
            Change::Update(request) => update::next(self, product, request).await,
            Change::Publish => publish::next(self, product).await,
            Change::Archive => Ok(product.archive(self.clock.now())),
        }
    }
}
