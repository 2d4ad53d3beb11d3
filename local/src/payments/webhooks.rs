//! Sends webhooks, and again until they are accepted.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use ring::hmac;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{Payments, state::Delivery};
use crate::locks::lock;

const PAUSE: Duration = Duration::from_millis(50);
const TIMEOUT: Duration = Duration::from_secs(20);
/// The provider tries for three days. With these pauses, so do 4,320 attempts.
const LONGEST_PAUSE: i64 = 60;
const MAX_ATTEMPTS: u32 = 4_320;
const AT_ONCE: usize = 16;

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Sends webhooks until the task is aborted.
pub(super) async fn send(payments: Payments) -> Infallible {
    let client = Client::builder(TokioExecutor::new()).build_http();
    loop {
        payments.send_due(&client).await;
        tokio::time::sleep(PAUSE).await;
    }
}

impl Payments {
    /// Returns how many webhooks are being sent, or are due and not held.
    pub(crate) fn due_webhooks(&self) -> usize {
        if lock(&self.0.hooks).hold_webhooks {
            return 0;
        }
        lock(&self.0.state).due(self.now()).count()
    }

    async fn send_due(&self, client: &HttpClient) {
        let now = self.now();
        let (hold, copies) = {
            let hooks = lock(&self.0.hooks);
            (hooks.hold_webhooks, hooks.repeat_webhooks + 1)
        };
        let due: Vec<_> = {
            let mut state = lock(&self.0.state);
            if state.expire_due(now) {
                // The next change writes the file again.
                let _ = state.save();
            }
            let due = state.due(now).take(if hold { 0 } else { AT_ONCE });
            let body = |it: &Delivery| (it.event.clone(), state.events[&it.event].to_string());
            due.map(body).collect()
        };
        if due.is_empty() {
            return;
        }
        let sent = due.iter().map(async |(event, body)| {
            let copies = (0..copies).map(|_| self.send_one(client, body));
            let accepted = join_all(copies).await.into_iter().all(|accepted| accepted);
            (event.clone(), accepted)
        });
        for (event, accepted) in join_all(sent).await {
            self.record(&event, accepted);
        }
        // The next change writes the file again.
        let _ = lock(&self.0.state).save();
    }

    /// Sends an event once. Returns whether it was accepted.
    async fn send_one(&self, client: &HttpClient, body: &str) -> bool {
        let settings = &self.0.settings;
        let request = Request::post(&settings.webhook_url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header("stripe-signature", self.signature(body))
            .header("user-agent", "Stripe/1.0 (stand-in)")
            .body(Full::new(Bytes::from(body.to_owned())));
        let Ok(request) = request else {
            return false;
        };
        let response = tokio::time::timeout(TIMEOUT, client.request(request)).await;
        matches!(response, Ok(Ok(response)) if response.status().is_success())
    }

    fn signature(&self, body: &str) -> String {
        let secret = self.0.settings.webhook_secret.expose_secret();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let now = self.now();
        let tag = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        format!("t={now},v1={}", crate::keys::hex(tag.as_ref()))
    }

    /// Removes an accepted delivery, or plans its next attempt.
    fn record(&self, event: &str, accepted: bool) {
        let now = self.now();
        let mut state = lock(&self.0.state);
        if accepted && let Some(event) = state.events.get_mut(event) {
            event["pending_webhooks"] = json!(0);
        }
        state.deliveries.retain_mut(|delivery| {
            if delivery.event != event {
                return true;
            }
            delivery.attempts += 1;
            delivery.due = now + (1_i64 << delivery.attempts.min(6)).min(LONGEST_PAUSE) / 2;
            !accepted && delivery.attempts < MAX_ATTEMPTS
        });
    }
}
