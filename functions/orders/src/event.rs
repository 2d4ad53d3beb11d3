use domain::{Currency, Money, ProductStatus, UserId, order::Offer, product::Title};
use events::{Data, Event, EventType, ProductData};
use store::{OfferCopy, StoreError};

use crate::{
    App,
    cancel::{Cancelled, cancel_order},
    checkout::CheckoutError,
};

/// The orders that one query reads.
const BATCH: usize = 25;

/// Why an event cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A checkout cannot be expired.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The event has data that is not valid.
    #[error("the event's `{0}` is not valid")]
    Invalid(&'static str),
    /// An order of a deleted user is being paid.
    #[error("a payment is on its way")]
    PaymentInProgress,
    /// The event is not one that orders hear.
    #[error("`{0}` is not an event for orders")]
    Unexpected(&'static str),
}

/// Applies an event. Applying it again changes nothing.
pub async fn apply(app: &App, event: &Event) -> Result<(), ApplyError> {
    match (&event.data, event.kind) {
        (Data::Product(product), _) => {
            if product.removed {
                let removed = app.offers.remove(product.product_id, event.version);
                return Ok(removed.await?);
            }
            let copy = copy(product, event.version)?;
            Ok(app.offers.put(&copy).await?)
        }
        (Data::User(user), EventType::UserDeleted) => erase(app, user.user_id).await,
        // No rule sends them.
        _ => Err(ApplyError::Unexpected(event.kind.name())),
    }
}

fn copy(product: &ProductData, version: u64) -> Result<OfferCopy, ApplyError> {
    let currency = Currency::parse(&product.price.currency);
    Ok(OfferCopy {
        offer: Offer {
            product: product.product_id,
            seller: product.seller_id,
            title: Title::stored(product.title.clone()),
            price: Money {
                amount: product.price.amount,
                currency: currency.map_err(|_| ApplyError::Invalid("currency"))?,
            },
        },
        is_for_sale: product.status == ProductStatus::Published.as_str(),
        version,
    })
}

/// Closes the pending orders of a deleted user, and replaces the user, as buyer and as seller, by a pseudonym, which is random. What
/// accounting needs stays.
async fn erase(app: &App, user: UserId) -> Result<(), ApplyError> {
    let now = app.clock.now();
    // First the mark: a request that is still running places no order.
    app.orders.mark_erased(user, now).await?;
    let pseudonym = UserId::new(now);
    app.orders.anonymize_sales(user, pseudonym).await?;
    let mut before = None;
    loop {
        let orders = app.orders.list(user, before, BATCH).await?;
        let Some(last) = orders.last() else {
            return Ok(());
        };
        before = Some(last.order.id);
        for record in orders {
            // The list may be a moment behind.
            let Some(record) = app.orders.find(record.order.id).await? else {
                continue;
            };
            let order = record.order.clone();
            if let Cancelled::InProgress = cancel_order(app, record).await? {
                return Err(ApplyError::PaymentInProgress);
            }
            app.orders.anonymize(&order, pseudonym).await?;
        }
    }
}
