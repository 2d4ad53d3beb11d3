//! The endpoints of webhooks, and the deliveries to them.

mod deliveries;
mod delivery_item;
mod due;
mod endpoint_item;
mod endpoints;
mod erasure;
mod health;
mod list;

#[cfg(test)]
mod tests;

pub use self::{
    deliveries::WebhookDeliveries,
    due::{DUE_SHARDS, DueDelivery},
    endpoints::{EndpointCreation, EndpointUpdate, WebhookEndpoints},
    health::SLOTS,
};
