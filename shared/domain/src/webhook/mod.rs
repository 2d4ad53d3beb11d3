//! Webhooks: which addresses they may reach, what an endpoint is, and when a delivery is attempted.

mod address;
mod delivery;
mod endpoint;
mod failure;
mod schedule;
mod secret;
mod url;

pub use self::{
    address::{AddressRange, forbidden_range},
    delivery::{Attempt, AttemptResult, Delivery, DeliveryStatus, FailureKind, Next},
    endpoint::{DESCRIPTION_LENGTH, Description, DisableReason, Endpoint, Subscription},
    failure::{EndpointChange, FailureSpan},
    schedule::{ATTEMPTS, JITTER, delay_before},
    secret::{Secret, Secrets},
    url::{EndpointUrl, Reach},
};
