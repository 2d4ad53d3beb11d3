use axum::{
    Json,
    extract::{Path, State},
};
use domain::{OrderStatus, order::Settlement};
use http_api::{Authenticated, Problem, ProblemDocument};
use payments::{PaymentError, SessionStatus};
use store::OrderRecord;

use crate::{
    App,
    checkout::{self, CheckoutError, Found},
    problems::{ALREADY_PAID, PAYMENT_IN_PROGRESS},
    settle::{Word, settle, word_of},
    view::OrderResponse,
};

/// How the cancelling of an order ended.
#[derive(Debug)]
pub enum Cancelled {
    /// It cannot be paid any more.
    Ended(Box<OrderRecord>),
    /// It is paid, or was.
    Paid,
    /// The money is on its way.
    InProgress,
}

/// Cancel an order.
///
/// The checkout can no longer be paid. Idempotent: an order that has ended without a payment stays as it is.
#[utoipa::path(
    post,
    path = "/orders/{id}/cancel",
    operation_id = "cancelOrder",
    tag = "orders",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the order's id")),
    responses(
        (status = 200, description = "the order cannot be paid any more", body = OrderResponse),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`already_paid`, `payment_in_progress`"),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<OrderResponse>, Problem> {
    let found = app.find(&caller, &id).await?;
    match cancel_order(&app, found).await? {
        Cancelled::Ended(record) => Ok(Json((&record.order).into())),
        Cancelled::Paid => Err(ALREADY_PAID),
        Cancelled::InProgress => Err(PAYMENT_IN_PROGRESS),
    }
}

/// Expires the checkout of a pending order first, and then cancels the order: what is cancelled cannot be paid.
pub async fn cancel_order(app: &App, record: OrderRecord) -> Result<Cancelled, CheckoutError> {
    if record.order.status() != OrderStatus::Pending {
        return Ok(outcome(record));
    }
    let word = match checkout::find(app, &record).await? {
        Found::TooLate => Word::of(Settlement::Cancelled),
        Found::Session(session) => match app.provider.expire_checkout(&session.id).await {
            Ok(_) => Word::of(Settlement::Cancelled),
            // It is not open any more. An earlier try may have expired it.
            Err(PaymentError::Invalid { .. }) => {
                let session = app.provider.checkout(&session.id).await?;
                let word = match session.status {
                    SessionStatus::Expired => Word::of(Settlement::Cancelled),
                    SessionStatus::Open | SessionStatus::Complete => word_of(&session),
                };
                let settled = settle(app, record.order.id, &word).await?;
                return Ok(outcome(settled.unwrap_or(record)));
            }
            Err(error) => return Err(error.into()),
        },
    };
    let settled = settle(app, record.order.id, &word).await?;
    Ok(outcome(settled.unwrap_or(record)))
}

fn outcome(record: OrderRecord) -> Cancelled {
    match record.order.status() {
        OrderStatus::Failed | OrderStatus::Expired | OrderStatus::Cancelled => {
            Cancelled::Ended(Box::new(record))
        }
        OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::Disputed => Cancelled::Paid,
        OrderStatus::Pending => Cancelled::InProgress,
    }
}
