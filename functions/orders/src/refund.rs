use std::fmt::Write as _;

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{Invalid, Order, OrderId, OrderStatus, order::Settlement};
use http::StatusCode;
use http_api::{
    Administrator, Fields, FromFields, Gateway, IdempotencyKey, JsonBody, Problem, ProblemDocument,
    number,
};
use payments::{PaymentError, RefundRequest};
use store::OrderRecord;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{AMOUNT_EXCEEDS_PAYMENT, NOT_REFUNDABLE, provider_failed},
    view::OrderResponse,
};

const AMOUNT_TOO_SMALL: Invalid = Invalid {
    code: "amount_too_small",
    detail: "The amount must be at least 1. Leave it out to pay back all that is left.",
};

/// What to pay back.
#[derive(ToSchema)]
pub struct RefundOrderRequest {
    /// Minor units. Absent: all that is left.
    #[schema(value_type = Option<u64>, minimum = 1)]
    amount: Option<u64>,
}

impl FromFields for RefundOrderRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let amount = fields.optional(
            "amount",
            number(|amount| {
                if amount == 0 {
                    Err(AMOUNT_TOO_SMALL)
                } else {
                    Ok(amount)
                }
            }),
        );
        Some(Self { amount: amount? })
    }
}

/// Refund an order, or a part of its price.
///
/// The provider pays back. The order changes when the provider has confirmed it: a full refund takes the product from the
/// library, a partial one does not. With the same `Idempotency-Key`, a repeated request pays back once; without a key, a
/// repeated request does until the first one is confirmed.
#[utoipa::path(
    post,
    path = "/admin/orders/{id}/refund",
    operation_id = "adminRefundOrder",
    tag = "admin",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the order's id"),
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
            description = "1 to 255 visible ASCII characters"),
    ),
    request_body = RefundOrderRequest,
    responses(
        (status = 202, description = "the provider pays back", body = OrderResponse),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_refundable`, `amount_exceeds_payment`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `amount_too_small`, `wrong_type`, `unknown_field`), \
                `invalid_idempotency_key`, `idempotency_key_reused`"),
    )
)]
pub async fn refund(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<RefundOrderRequest>,
) -> Result<(StatusCode, Json<OrderResponse>), Problem> {
    let id = OrderId::parse(&id).map_err(|_| Problem::not_found())?;
    let found = app.orders.find(id).await?.ok_or_else(Problem::not_found)?;
    let order = &found.order;
    if key.is_none() {
        check(order, request.amount)?;
    }
    let payment = payment_of(&found)?;
    let key = idempotency_key(order, key, request.amount);
    let refund = RefundRequest {
        payment_intent: payment,
        amount: request.amount,
    };
    let refunded = app.provider.refund(&key, refund).await;
    refunded.map_err(|error| refused(&error))?;
    tracing::warn!(
        request_id = gateway.request_id,
        admin = %admin.user_id,
        order = %order.id,
        amount = request.amount,
        "refund_requested"
    );
    Ok((StatusCode::ACCEPTED, Json(order.into())))
}

/// Refuses what the provider would refuse, as far as it is known. A repeated request with a key is for the provider to
/// recognize.
fn check(order: &Order, amount: Option<u64>) -> Result<(), Problem> {
    let left = order.price.amount.saturating_sub(order.facts.refunded());
    if order.facts.settlement() != Settlement::Paid || order.status() == OrderStatus::Refunded {
        return Err(NOT_REFUNDABLE);
    }
    if amount.is_some_and(|amount| amount > left) {
        return Err(AMOUNT_EXCEEDS_PAYMENT);
    }
    Ok(())
}

/// The provider's idempotency key: from the caller's, or from the state of the order, so that two clicks are one refund.
fn idempotency_key(order: &Order, key: Option<String>, amount: Option<u64>) -> String {
    let id = order.id;
    match key {
        Some(key) => {
            let digest = http_api::fingerprint(&[Some(&key)]);
            let hex = digest.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!("refund-{id}-{hex}")
        }
        None => format!(
            "refund-{id}-after-{}-{}",
            order.facts.refunded(),
            amount.map_or_else(|| "all".to_owned(), |amount| amount.to_string())
        ),
    }
}

/// The provider's id of the payment.
fn payment_of(found: &OrderRecord) -> Result<&str, Problem> {
    match &found.payment {
        Some(payment) if found.order.facts.settlement() == Settlement::Paid => Ok(payment),
        _ => Err(NOT_REFUNDABLE),
    }
}

fn refused(error: &PaymentError) -> Problem {
    match error {
        PaymentError::Invalid { code, .. } if code == "charge_already_refunded" => NOT_REFUNDABLE,
        PaymentError::Invalid { code, .. } if code == "idempotency_error" => IdempotencyKey::REUSED,
        PaymentError::Invalid { .. } => {
            tracing::warn!(%error, "refund_refused");
            AMOUNT_EXCEEDS_PAYMENT
        }
        PaymentError::Declined { .. } | PaymentError::Unavailable(_) => provider_failed(error),
    }
}
