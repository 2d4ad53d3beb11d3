//! Applies the provider's words to an order. Webhooks, the reconciler and the requests of buyers all end here.

use domain::{
    Order, OrderId,
    order::{Fact, Settlement},
};
use metrics::Metric;
use payments::{CheckoutSession, PaymentIntent, PaymentStatus, SessionStatus};
use store::{OrderChange, OrderRecord, StoreError};

use crate::App;

/// What the provider says about an order.
#[derive(Debug, Default)]
pub struct Word<'a> {
    /// The facts.
    pub facts: Vec<Fact>,
    /// The provider's id of the payment.
    pub payment: Option<&'a str>,
    /// The id of the event that says it.
    pub event: Option<&'a str>,
}

impl Word<'_> {
    /// A single fact, without an event.
    pub fn of(settlement: Settlement) -> Self {
        Self {
            facts: vec![Fact::Settled(settlement)],
            ..Self::default()
        }
    }
}

/// Applies a word to an order, once, whatever other requests do at the same time. Returns the order; `None` if it does not
/// exist.
pub async fn settle(
    app: &App,
    id: OrderId,
    word: &Word<'_>,
) -> Result<Option<OrderRecord>, StoreError> {
    loop {
        let Some(found) = app.orders.find(id).await? else {
            return Ok(None);
        };
        if let Some(payment) = word.payment
            && found.payment.as_deref() != Some(payment)
        {
            // Before the facts: a paid order always has the id that its refund needs.
            app.orders.set_payment(id, payment).await?;
        }
        let now = app.clock.now();
        let Some(after) = found.order.learn_all(word.facts.iter().copied(), now) else {
            if let Some(event) = word.event {
                app.orders.record_event(event, now).await?;
            }
            return Ok(Some(found));
        };
        match app.orders.change(&found.order, &after, word.event).await? {
            OrderChange::Changed => {
                log(&found.order, &after);
                return Ok(Some(OrderRecord {
                    order: after,
                    ..found
                }));
            }
            // The event was applied before: the next reading shows its facts.
            OrderChange::Known => return app.orders.find(id).await,
            OrderChange::Conflict => {}
        }
    }
}

fn log(before: &Order, after: &Order) {
    tracing::info!(
        order = %after.id,
        from = before.status().as_str(),
        to = after.status().as_str(),
        "order_changed"
    );
}

/// Whether a payment is of this order: amount, currency and mode are the same. Otherwise it is logged and counted, and
/// nothing is applied.
pub fn fits(
    app: &App,
    order: &Order,
    (amount, currency): (Option<u64>, Option<&str>),
    livemode: bool,
) -> bool {
    let price = &order.price;
    let is_price = amount == Some(price.amount)
        && currency.is_some_and(|code| code.eq_ignore_ascii_case(price.currency.code()));
    let fits = is_price && app.provider.fits_stage(livemode);
    if !fits {
        metrics::count(Metric::PaymentsMismatched);
        tracing::error!(
            order = %order.id,
            amount,
            currency,
            livemode,
            expected = price.amount,
            expected_currency = price.currency.code(),
            "payment_mismatch"
        );
    }
    fits
}

/// Whether a checkout is of this order.
pub fn fits_session(app: &App, order: &Order, session: &CheckoutSession) -> bool {
    let price = (session.amount_total, session.currency.as_deref());
    fits(app, order, price, session.livemode)
}

/// Whether a payment is of this order.
pub fn fits_payment(app: &App, order: &Order, payment: &PaymentIntent) -> bool {
    let price = (Some(payment.amount), Some(payment.currency.as_str()));
    fits(app, order, price, payment.livemode)
}

/// What a checkout says about its order.
pub fn word_of(session: &CheckoutSession) -> Word<'_> {
    let payment = session.payment_intent.as_ref();
    let charge = payment
        .and_then(|payment| payment.object())
        .and_then(|payment| payment.latest_charge.as_ref()?.object());
    let mut facts = Vec::new();
    match (session.payment_status, session.status) {
        (PaymentStatus::Paid | PaymentStatus::NoPaymentRequired, _) => {
            facts.push(Fact::Settled(Settlement::Paid));
        }
        (PaymentStatus::Unpaid, SessionStatus::Expired) => {
            facts.push(Fact::Settled(Settlement::Expired));
        }
        // The payment is open, or on its way.
        (PaymentStatus::Unpaid, SessionStatus::Open | SessionStatus::Complete) => {}
    }
    if let Some(charge) = charge.filter(|charge| charge.amount_refunded > 0) {
        facts.push(Fact::Refunded(charge.amount_refunded));
    }
    Word {
        facts,
        payment: payment.map(payments::Expandable::id),
        event: None,
    }
}
