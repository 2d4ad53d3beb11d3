use domain::{Claim, Entitlement, Source};
use events::{Data, Event, EventType};
use store::{ProductCopy, StoreError};

use crate::App;

/// Why an event cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event is not one that the library hears.
    #[error("`{0}` is not an event for the library")]
    Unexpected(&'static str),
}

/// Applies an event: a copy of what it tells, unless a later version is known. Applying it again changes nothing.
pub async fn apply(app: &App, event: &Event) -> Result<(), ApplyError> {
    match &event.data {
        Data::Product(product) => {
            let copy = ProductCopy {
                id: product.product_id,
                seller: (!product.removed).then_some(product.seller_id),
                title: product.title.clone(),
                status: product.status.clone(),
                files: product.files.iter().cloned().map(Into::into).collect(),
                version: event.version,
            };
            Ok(app.titles.put(&copy).await?)
        }
        Data::Order(order) => {
            let now = app.clock.now();
            let none = Entitlement::none(order.buyer_id, order.product_id, now);
            let source = Source::Order(order.order_id);
            let claim = Claim {
                version: event.version,
                gives: order.entitled,
            };
            let change = |right: &Entitlement| right.claim(source, claim, now);
            if !app.entitlements.change(&none, change).await? {
                tracing::info!(event = event.id.name(), "user_is_erased");
            }
            Ok(())
        }
        Data::User(user) if event.kind == EventType::UserDeleted => Ok(app
            .entitlements
            .erase(user.user_id, app.clock.now())
            .await?),
        // No rule sends them.
        Data::User(_) | Data::Upload(_) | Data::Entitlement(_) => {
            Err(ApplyError::Unexpected(event.kind.name()))
        }
    }
}
