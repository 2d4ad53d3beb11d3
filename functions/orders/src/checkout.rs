use domain::{OrderStatus, order::Settlement};
use http_api::Problem;
use payments::{CheckoutSession, PaymentError};
use store::{Checkout, OrderRecord, StoreError};

use crate::{
    App,
    problems::provider_failed,
    settle::{Word, fits_session, settle, word_of},
};

/// Why nothing is known of a checkout.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The provider does not answer, or refuses.
    #[error(transparent)]
    Provider(#[from] PaymentError),
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::Provider(error) => provider_failed(&error),
            CheckoutError::Store(error) => error.into(),
        }
    }
}

/// The checkout of an order at the provider.
#[derive(Debug)]
pub enum Found {
    /// The checkout.
    Session(Box<CheckoutSession>),
    /// There is none, and there will be none: the time for the order is over.
    TooLate,
}

/// Returns the checkout of an order as it is now. An order has one checkout, however often it is created: the same request
/// with the same key returns the same checkout.
pub async fn find(app: &App, record: &OrderRecord) -> Result<Found, CheckoutError> {
    if let Some(checkout) = &record.checkout {
        let session = app.provider.checkout(&checkout.id).await?;
        return Ok(Found::Session(Box::new(session)));
    }
    let created = app.provider.create_checkout(&record.order).await;
    let session = match created {
        Ok(session) => session,
        // The provider refuses a checkout that would end too soon, and it has none of an earlier request either: it answers a
        // repeated request before it checks it.
        Err(PaymentError::Invalid { .. }) if is_late(app, record) => return Ok(Found::TooLate),
        Err(error) => return Err(error.into()),
    };
    let checkout = Checkout {
        id: session.id.clone(),
        url: session.url.clone(),
    };
    app.orders.set_checkout(record.order.id, &checkout).await?;
    Ok(Found::Session(Box::new(session)))
}

/// Whether the checkout of an order would end in less than the 30 minutes that the provider requires.
fn is_late(app: &App, record: &OrderRecord) -> bool {
    let left = record.order.checkout_expires_at() - app.clock.now();
    left < time::Duration::minutes(31)
}

/// Asks the provider about an order that is pending, and applies the answer.
pub async fn ask(app: &App, record: OrderRecord) -> Result<OrderRecord, CheckoutError> {
    if record.order.status() != OrderStatus::Pending {
        return Ok(record);
    }
    let id = record.order.id;
    let settled = match find(app, &record).await? {
        Found::TooLate => settle(app, id, &Word::of(Settlement::Expired)).await?,
        Found::Session(session) if fits_session(app, &record.order, &session) => {
            settle(app, id, &word_of(&session)).await?
        }
        Found::Session(_) => None,
    };
    Ok(settled.unwrap_or(record))
}

/// Returns the page of the checkout of a pending order, and creates it if there is none. `None`: the order is not pending any
/// more.
pub async fn url(app: &App, record: &OrderRecord) -> Result<Option<String>, CheckoutError> {
    if record.order.status() != OrderStatus::Pending {
        return Ok(None);
    }
    let stored = record.checkout.as_ref().and_then(|it| it.url.clone());
    if stored.is_some() && app.clock.now() < record.order.checkout_expires_at() {
        return Ok(stored);
    }
    match find(app, record).await? {
        Found::Session(session) if word_of(&session).facts.is_empty() => Ok(session.url),
        Found::Session(_) | Found::TooLate => {
            ask(app, record.clone()).await?;
            Ok(None)
        }
    }
}
