#![doc = include_str!("../README.md")]

mod client;
mod error;
mod event;
mod objects;
mod transport;
mod webhook;

pub use client::{Client, NewCheckout, RefundRequest};
pub use error::PaymentError;
pub use event::{Event, EventError, Subject};
pub use objects::{
    Charge, CheckoutSession, DisputeObject, Expandable, PaymentIntent, PaymentStatus, Refund,
    SessionStatus,
};
pub use transport::STRIPE_VERSION;
pub use webhook::{Secrets, SignatureError, TOLERANCE, sign};
