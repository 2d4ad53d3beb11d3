//! `/orders`, `/payments/stripe` and `/admin/orders`: with the payment stand-in, whose webhooks come back to the API.

mod cancelling;
pub mod events;
mod killed;
mod paying;
mod races;
mod refunds;
mod refusals;
pub mod shop;
