use serde::Deserialize;
use serde_json::Value;

use crate::{Charge, CheckoutSession, DisputeObject};

/// An event of the provider (<https://docs.stripe.com/api/events/object>), after its signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Identifies it. A repeated delivery has the same id.
    pub id: String,
    /// Whether real money moves.
    pub livemode: bool,
    /// What happened.
    pub subject: Subject,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `checkout.session.completed`, or `checkout.session.async_payment_succeeded`. Paid if the session says so.
    CheckoutCompleted(Box<CheckoutSession>),
    /// `checkout.session.async_payment_failed`.
    CheckoutFailed(Box<CheckoutSession>),
    /// `checkout.session.expired`.
    CheckoutExpired(Box<CheckoutSession>),
    /// `charge.refunded`, in full or in part.
    Refunded(Box<Charge>),
    /// `charge.dispute.created` or `charge.dispute.closed`. The status of the dispute decides.
    Disputed(DisputeObject),
    /// An event of another type.
    Other(String),
}

/// A body that is no event.
#[derive(Debug, thiserror::Error)]
#[error("not an event of the provider: {0}")]
pub struct EventError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Envelope {
    id: String,
    r#type: String,
    livemode: bool,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: Value,
}

impl Event {
    /// Parses the body of a webhook.
    ///
    /// # Errors
    /// When it is no event.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        let envelope: Envelope = serde_json::from_slice(body)?;
        let object = envelope.data.object;
        let subject = match envelope.r#type.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Subject::CheckoutCompleted(serde_json::from_value(object)?)
            }
            "checkout.session.async_payment_failed" => {
                Subject::CheckoutFailed(serde_json::from_value(object)?)
            }
            "checkout.session.expired" => Subject::CheckoutExpired(serde_json::from_value(object)?),
            "charge.refunded" => Subject::Refunded(serde_json::from_value(object)?),
            "charge.dispute.created" | "charge.dispute.closed" => {
                Subject::Disputed(serde_json::from_value(object)?)
            }
            _ => Subject::Other(envelope.r#type),
        };
        Ok(Self {
            id: envelope.id,
            livemode: envelope.livemode,
            subject,
        })
    }
}
