use std::collections::BTreeMap;

use axum::{body::Body, extract::State};
use domain::{
    Order, OrderId,
    order::{Dispute, Fact, Settlement},
};
use http::{HeaderMap, StatusCode};
use http_api::{Problem, ProblemDocument};
use http_body_util::{BodyExt as _, Limited};
use payments::{Charge, CheckoutSession, Event, PaymentIntent, PaymentStatus, Subject};
use store::OrderRecord;

use crate::{
    App,
    problems::{INVALID_SIGNATURE, PAYMENT_MISMATCH, provider_failed},
    settle::{Word, fits, fits_payment, fits_session, settle},
};

/// Events of the provider have a few kilobytes.
const MAX_BYTES: usize = 256 * 1024;

const SIGNATURE: &str = "stripe-signature";

/// Receive an event of the payment provider.
///
/// The body is an event of Stripe, signed in `Stripe-Signature`. A repeated event has no further effect. An event for an
/// unknown order is refused, so that the provider sends it again.
#[utoipa::path(
    post,
    path = "/payments/stripe",
    operation_id = "receivePaymentEvent",
    tag = "orders",
    responses(
        (status = 204, description = "the event is applied, or is of a kind that orders don't use"),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_signature`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: the order is unknown"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`payment_mismatch`: the amount, the currency or the mode is not that of the order"),
    )
)]
pub async fn receive(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    // Before the body is parsed, and over the bytes that were received.
    let body = Limited::new(body, MAX_BYTES).collect().await;
    let body = body.map_err(|_| INVALID_SIGNATURE)?.to_bytes();
    let mut signatures = headers.get_all(SIGNATURE).iter();
    let header = match (signatures.next(), signatures.next()) {
        (Some(header), None) => header.to_str().map_err(|_| INVALID_SIGNATURE)?,
        _ => return Err(INVALID_SIGNATURE),
    };
    let verified = app.provider.verify(&body, header).await;
    if let Err(error) = verified.ok_or_else(Problem::unavailable)? {
        tracing::warn!(%error, "webhook_refused");
        return Err(INVALID_SIGNATURE);
    }
    let event = Event::parse(&body).map_err(|error| {
        tracing::error!(%error, "webhook_unreadable");
        INVALID_SIGNATURE
    })?;
    apply(&app, &event).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(app: &App, event: &Event) -> Result<(), Problem> {
    let is_paid = |session: &CheckoutSession| session.payment_status != PaymentStatus::Unpaid;
    match &event.subject {
        Subject::CheckoutCompleted(session) => {
            // An unpaid one is completed by a payment that is on its way.
            let facts = is_paid(session).then_some(Settlement::Paid);
            of_session(app, event, session, facts).await
        }
        Subject::CheckoutFailed(session) => {
            of_session(app, event, session, Some(Settlement::Failed)).await
        }
        Subject::CheckoutExpired(session) => {
            of_session(app, event, session, Some(Settlement::Expired)).await
        }
        Subject::Refunded(charge) => of_charge(app, event, charge).await,
        Subject::Disputed(dispute) => {
            let fact = match dispute.status.as_str() {
                "won" | "warning_closed" => Dispute::Won,
                "lost" => Dispute::Lost,
                // An early warning takes no money.
                status if status.starts_with("warning_") => return Ok(()),
                _ => Dispute::Open,
            };
            let Some(id) = dispute
                .payment_intent
                .as_ref()
                .map(payments::Expandable::id)
            else {
                return Ok(());
            };
            let payment = find_payment(app, id).await?;
            of_payment(app, event, &payment, vec![Fact::Disputed(fact)]).await
        }
        Subject::Other(_) => Ok(()),
    }
}

async fn of_session(
    app: &App,
    event: &Event,
    session: &CheckoutSession,
    settlement: Option<Settlement>,
) -> Result<(), Problem> {
    let Some(found) = find_order(app, &session.metadata).await? else {
        return Ok(());
    };
    if !fits_session(app, &found.order, session) {
        return Err(PAYMENT_MISMATCH);
    }
    let word = Word {
        facts: settlement.map(Fact::Settled).into_iter().collect(),
        payment: session
            .payment_intent
            .as_ref()
            .map(payments::Expandable::id),
        event: Some(&event.id),
    };
    settle_found(app, &found.order, &word).await
}

async fn of_charge(app: &App, event: &Event, charge: &Charge) -> Result<(), Problem> {
    let facts = vec![Fact::Refunded(charge.amount_refunded)];
    if charge.metadata.contains_key(ORDER) {
        let Some(found) = find_order(app, &charge.metadata).await? else {
            return Ok(());
        };
        let price = (Some(charge.amount), Some(charge.currency.as_str()));
        if !fits(app, &found.order, price, charge.livemode) {
            return Err(PAYMENT_MISMATCH);
        }
        let word = Word {
            facts,
            payment: charge.payment_intent.as_ref().map(payments::Expandable::id),
            event: Some(&event.id),
        };
        return settle_found(app, &found.order, &word).await;
    }
    let Some(id) = charge.payment_intent.as_ref().map(payments::Expandable::id) else {
        return Ok(());
    };
    let payment = find_payment(app, id).await?;
    of_payment(app, event, &payment, facts).await
}

/// Events of disputes name only the payment. The provider knows what it is for.
async fn find_payment(app: &App, id: &str) -> Result<PaymentIntent, Problem> {
    let payment = app.provider.payment(id).await;
    payment.map_err(|error| provider_failed(&error))
}

async fn of_payment(
    app: &App,
    event: &Event,
    payment: &PaymentIntent,
    facts: Vec<Fact>,
) -> Result<(), Problem> {
    let Some(found) = find_order(app, &payment.metadata).await? else {
        return Ok(());
    };
    if !fits_payment(app, &found.order, payment) {
        return Err(PAYMENT_MISMATCH);
    }
    let word = Word {
        facts,
        payment: Some(&payment.id),
        event: Some(&event.id),
    };
    settle_found(app, &found.order, &word).await
}

async fn settle_found(app: &App, order: &Order, word: &Word<'_>) -> Result<(), Problem> {
    let settled = settle(app, order.id, word).await?;
    settled.map(|_| ()).ok_or_else(Problem::not_found)
}

const ORDER: &str = "order";

/// Finds the order that an object of the provider is for. `None`: the object is of another application with the same account.
async fn find_order(
    app: &App,
    metadata: &BTreeMap<String, String>,
) -> Result<Option<OrderRecord>, Problem> {
    let Some(id) = metadata.get(ORDER) else {
        tracing::info!("payment_without_order");
        return Ok(None);
    };
    let id = OrderId::parse(id).map_err(|_| Problem::not_found())?;
    let found = app.orders.find(id).await?;
    if found.is_none() {
        tracing::error!(order = %id, "payment_for_unknown_order");
    }
    found.map(Some).ok_or_else(Problem::not_found)
}
