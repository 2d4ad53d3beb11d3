//! A stand-in for the payment provider Stripe: the calls that a checkout needs, a checkout page, and signed webhooks. No money
//! moves. <https://docs.stripe.com/api>

mod api;
mod error;
mod form;
mod hooks;
mod page;
mod render;
mod state;
mod webhooks;

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    routing::{get, post, put},
};
use clock::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinHandle;

use self::{hooks::Hooks, state::State};
use crate::{keys::Keys, locks::lock};

/// The key of the stand-in's API, derived from the secret of the data directory.
pub(crate) fn api_key(keys: &Keys) -> String {
    format!(
        "sk_test_{}",
        keys.secret_of("payments-api-key").expose_secret()
    )
}

/// The secret of the webhooks, derived from the secret of the data directory.
pub(crate) fn webhook_secret(keys: &Keys) -> String {
    format!(
        "whsec_{}",
        keys.secret_of("payments-webhook-secret").expose_secret()
    )
}

/// The stand-in. Clones share the same state.
#[derive(Debug, Clone)]
pub(crate) struct Payments(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    hooks: Mutex<Hooks>,
    settings: Settings,
    clock: Clock,
}

/// What the stand-in is called with, and what it calls.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Its own URL.
    pub(crate) url: String,
    /// The key that its callers send.
    pub(crate) api_key: SecretString,
    /// The URL of the webhooks.
    pub(crate) webhook_url: String,
    /// The secret that signs the webhooks.
    pub(crate) webhook_secret: SecretString,
}

impl Payments {
    /// Reads the state in `file`; without one, it is kept in memory.
    pub(crate) fn open(file: Option<&Path>, settings: Settings, clock: Clock) -> io::Result<Self> {
        let state = file.map(State::open).transpose()?.unwrap_or_default();
        Ok(Self(Arc::new(Inner {
            state: Mutex::new(state),
            hooks: Mutex::default(),
            settings,
            clock,
        })))
    }

    /// Returns how many events the provider has had. Each is sent as a webhook.
    pub(crate) fn event_count(&self) -> u64 {
        lock(&self.0.state).events.len() as u64
    }

    /// Starts to send webhooks.
    pub(crate) fn send_webhooks(&self) -> JoinHandle<()> {
        let payments = self.clone();
        tokio::spawn(async move {
            webhooks::send(payments).await;
        })
    }

    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route(
                "/v1/checkout/sessions",
                post(api::create_session).get(api::list_sessions),
            )
            .route("/v1/checkout/sessions/{id}", get(api::session))
            .route(
                "/v1/checkout/sessions/{id}/expire",
                post(api::expire_session),
            )
            .route("/v1/payment_intents/{id}", get(api::payment_intent))
            .route("/v1/charges/{id}", get(api::charge))
            .route("/v1/refunds", post(api::create_refund))
            .route("/v1/refunds/{id}", get(api::refund))
            .route("/v1/disputes/{id}", get(api::dispute))
            .route("/v1/events", get(api::list_events))
            .route("/v1/events/{id}", get(api::event))
            .route("/stand-in/hooks", put(api::set_hooks))
            .route("/", get(page::payments))
            .route("/pay/{id}", get(page::checkout))
            .route("/pay/{id}/{action}", post(page::act_on_checkout))
            .route("/payments/{id}/{action}", post(page::act_on_payment))
            .fallback(api::unknown)
            .with_state(self)
    }

    fn now(&self) -> i64 {
        self.0.clock.now().unix_timestamp()
    }
}
