//! The SES engine, with one operation: `SendEmail`. No e-mail leaves the machine; the outbox page shows what was sent. Mail to
//! the addresses of SES's mailbox simulator bounces, or is complained about.
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>

mod events;
mod outbox;
mod page;
mod send;

use std::sync::Arc;

use axum::{Router, routing::post};
use clock::Clock;
use sam_template::ConfigurationSet;

pub(crate) use self::outbox::Outbox;
use crate::{events::Bus, iam::Principals};

/// The SES engine.
pub(crate) struct Ses {
    pub(crate) outbox: Outbox,
    pub(crate) configuration_sets: Vec<ConfigurationSet>,
    pub(crate) events: Bus,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
}

impl Ses {
    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/v2/email/outbound-emails", post(send::send))
            .with_state(Arc::new(self))
    }
}
