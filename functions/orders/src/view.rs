use domain::Order;
use http_api::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "uuid")]
    product_id: String,
    /// The title of the product when it was ordered.
    title: String,
    /// The user who sells.
    #[schema(format = "uuid")]
    seller_id: String,
    /// The price when it was ordered.
    price: OrderPrice,
    /// `pending`: it waits for the payment. `paid`: the product is in the library. `failed`, `expired`, `cancelled`: it was not
    /// paid. `refunded`: the whole price was paid back. `disputed`: the buyer's bank disputes the payment.
    #[schema(pattern = "^(pending|paid|failed|expired|cancelled|refunded|disputed)$")]
    status: &'static str,
    /// The part of the price that was paid back, in minor units.
    refunded_amount: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// When it was paid. Absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    paid_at: Option<Timestamp>,
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub struct OrderPrice {
    /// Minor units of the currency: 499 is 4.99 EUR, and 499 JPY.
    amount: u64,
    /// The code of the currency in ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: &'static str,
}

/// A response with an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderResponse {
    /// The order.
    pub order: OrderView,
}

/// An order, and where it is paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateOrderResponse {
    /// The order.
    pub order: OrderView,
    /// Where the buyer pays; null if nothing has to be paid any more.
    pub checkout: Option<CheckoutView>,
}

/// The checkout of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutView {
    /// The page of the payment provider.
    #[schema(format = "uri")]
    url: String,
    /// When the checkout, and with it the order, expires.
    expires_at: Timestamp,
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id.to_string(),
            product_id: order.product.to_string(),
            title: order.title.as_str().to_owned(),
            seller_id: order.seller.to_string(),
            price: OrderPrice {
                amount: order.price.amount,
                currency: order.price.currency.code(),
            },
            status: order.status().as_str(),
            refunded_amount: order.facts.refunded(),
            created_at: Timestamp(order.created_at),
            updated_at: Timestamp(order.updated_at),
            paid_at: order.paid_at.map(Timestamp),
        }
    }
}

impl From<&Order> for OrderResponse {
    fn from(order: &Order) -> Self {
        Self {
            order: order.into(),
        }
    }
}

impl CreateOrderResponse {
    /// An order, and the page where it is paid.
    pub fn new(order: &Order, url: Option<String>) -> Self {
        let checkout = url.map(|url| CheckoutView {
            url,
            expires_at: Timestamp(order.checkout_expires_at()),
        });
        Self {
            order: order.into(),
            checkout,
        }
    }
}
