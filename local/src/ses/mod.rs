//! The SES engine, with one operation: `SendEmail`. No e-mail leaves the machine; the outbox page shows what was sent.
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>

mod outbox;
mod page;
mod send;

use std::sync::Arc;

use axum::{Router, routing::post};
use clock::Clock;

pub(crate) use self::outbox::Outbox;
use crate::iam::Principals;

/// The SES engine.
pub(crate) struct Ses {
    pub(crate) outbox: Outbox,
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
