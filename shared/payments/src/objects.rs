//! The provider's objects, with the members that are used (<https://docs.stripe.com/api>).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Whether a checkout can still be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// It can.
    Open,
    /// The buyer has completed it. A payment by bank may still be on its way.
    Complete,
    /// It cannot.
    Expired,
}

/// Whether a checkout is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The money arrived.
    Paid,
    /// It did not, or not yet.
    Unpaid,
    /// Nothing has to be paid.
    NoPaymentRequired,
}

/// A checkout (<https://docs.stripe.com/api/checkout/sessions/object>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutSession {
    /// Identifies it.
    pub id: String,
    /// Whether it can be completed.
    pub status: SessionStatus,
    /// Whether it is paid.
    pub payment_status: PaymentStatus,
    /// The page of the checkout, while it is open.
    pub url: Option<String>,
    /// When it expires, in seconds since 1970.
    pub expires_at: i64,
    /// The total in minor units.
    pub amount_total: Option<u64>,
    /// The currency, in lower case.
    pub currency: Option<String>,
    /// Whether real money moves.
    pub livemode: bool,
    /// What the caller has attached.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: BTreeMap<String, String>,
    /// The payment.
    pub payment_intent: Option<Expandable<PaymentIntent>>,
}

/// A payment (<https://docs.stripe.com/api/payment_intents/object>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PaymentIntent {
    /// Identifies it.
    pub id: String,
    /// The amount in minor units.
    pub amount: u64,
    /// The currency, in lower case.
    pub currency: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// What the caller has attached to the checkout for it.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: BTreeMap<String, String>,
    /// The last charge.
    pub latest_charge: Option<Expandable<Charge>>,
}

/// A charge (<https://docs.stripe.com/api/charges/object>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Charge {
    /// Identifies it.
    pub id: String,
    /// The amount in minor units.
    pub amount: u64,
    /// How much was paid back in total.
    pub amount_refunded: u64,
    /// The currency, in lower case.
    pub currency: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// Whether the buyer's bank disputes it.
    #[serde(default)]
    pub disputed: bool,
    /// What the caller has attached to the payment.
    #[serde(default, deserialize_with = "or_default")]
    pub metadata: BTreeMap<String, String>,
    /// The payment.
    pub payment_intent: Option<Expandable<PaymentIntent>>,
}

/// A dispute (<https://docs.stripe.com/api/disputes/object>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DisputeObject {
    /// Identifies it.
    pub id: String,
    /// `won`, `lost`, or a word of an open dispute.
    pub status: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// The payment.
    pub payment_intent: Option<Expandable<PaymentIntent>>,
}

/// A refund (<https://docs.stripe.com/api/refunds/object>).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    /// Identifies it.
    pub id: String,
    /// How much is paid back, in minor units.
    pub amount: u64,
    /// `succeeded`, `pending`, `failed` or `canceled`.
    #[serde(default)]
    pub status: Option<String>,
}

/// An object, or only its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Expandable<T> {
    /// The id.
    Id(String),
    /// The object.
    Object(Box<T>),
}

impl Expandable<PaymentIntent> {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => &object.id,
        }
    }
}

impl<T> Expandable<T> {
    /// The object, if it is expanded.
    #[must_use]
    pub fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }
}

/// The provider writes null for an empty map in some objects.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
