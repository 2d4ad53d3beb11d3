use http::StatusCode;
use http_api::Problem;
use payments::PaymentError;

/// 501: there is no page that buyers return to.
pub const PAYMENTS_NOT_CONFIGURED: Problem = Problem::new(
    StatusCode::NOT_IMPLEMENTED,
    "payments_not_configured",
    "This API takes no payments. Ask its operator for help.",
);

/// 409: the buyer has the product.
pub const ALREADY_PURCHASED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "already_purchased",
    "You have bought this product already. Find it in your library.",
);

/// 409: a dispute of an earlier order of the product is open.
pub const DISPUTE_OPEN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "dispute_open",
    "Your bank disputes the payment of an earlier order of this product. Order again after its decision.",
);

/// 409: sellers don't buy what they sell.
pub const OWN_PRODUCT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "own_product",
    "This is your own product. Find its files in your uploads.",
);

/// 409: an order that is paid cannot be cancelled.
pub const ALREADY_PAID: Problem = Problem::new(
    StatusCode::CONFLICT,
    "already_paid",
    "The order is paid. Ask the seller for a refund.",
);

/// 409: the buyer has completed the checkout, and the money is on its way.
pub const PAYMENT_IN_PROGRESS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "payment_in_progress",
    "The payment is on its way and cannot be cancelled. Wait for its end.",
);

/// 409: there is nothing to pay back.
pub const NOT_REFUNDABLE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_refundable",
    "The order is not paid, or is refunded in full. Only paid orders can be refunded.",
);

/// 409: more than is left.
pub const AMOUNT_EXCEEDS_PAYMENT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "amount_exceeds_payment",
    "The amount is more than is left of the payment. Send a lower amount.",
);

/// 400: a webhook without a signature of the provider.
pub const INVALID_SIGNATURE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "invalid_signature",
    "The signature is missing, invalid or too old. Only the payment provider may call this route.",
);

/// 422: a webhook that does not fit its order.
pub const PAYMENT_MISMATCH: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "payment_mismatch",
    "The payment does not fit the order: its amount, currency or mode is another one. Check the provider's settings.",
);

/// What callers get when the provider does not do what was asked.
pub fn provider_failed(error: &PaymentError) -> Problem {
    tracing::error!(%error, "provider_failed");
    match error {
        PaymentError::Unavailable(_) => Problem::unavailable(),
        PaymentError::Declined { .. } | PaymentError::Invalid { .. } => Problem::internal(error),
    }
}
