#![doc = include_str!("../README.md")]

mod capture;
mod capture_order;
mod data;
mod event;
mod event_type;
mod replay;
mod schema;
#[cfg(test)]
mod tests;

pub use capture::{
    deleted_user_event, entitlement_events, product_events, upload_events, user_events,
};
pub use capture_order::order_events;
pub use data::{
    EntitlementData, FileData, MoneyData, OrderData, ProductData, UploadData, UserData,
};
pub use event::{Data, Event, EventError};
pub use event_type::EventType;
pub use replay::{
    replay_deleted_user, replay_entitlement, replay_order, replay_product, replay_upload,
    replay_user,
};
pub use schema::schema;

/// The `source` of Cloakroom's events on the event bus.
pub const SOURCE: &str = "cloakroom";
