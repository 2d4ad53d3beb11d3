use domain::webhook::{Attempt, Delivery, DisableReason, Endpoint, EndpointChange, Secrets};
use lambda_http::Error;
use metrics::Metric;
use time::{Duration, OffsetDateTime};
use webhook_queue::{Due, LONGEST_DELAY};

use crate::{App, http::SignedHeaders, signature::signatures};

/// How long an attempt is claimed: longer than it can take, with its reads and writes.
const CLAIM: Duration = Duration::seconds(40);

/// When a delivery is tried again for which a failing endpoint has no slot: the next run of the schedule finds it.
const BUSY: Duration = Duration::seconds(10);

/// Makes one attempt to deliver, unless it was made already or is not due.
///
/// The attempt is recorded after the request. If the function ends between them, the attempt is made again, with the same
/// `webhook-id`.
pub async fn attempt(app: &App, due: Due) -> Result<(), Error> {
    let now = app.clock.now();
    let claim = now + CLAIM;
    let claimed = app
        .deliveries
        .claim(due.endpoint, due.event, due.made, claim, now);
    let Some(delivery) = claimed.await? else {
        return Ok(());
    };
    let endpoint = app.endpoints.find_with_secrets(delivery.endpoint).await?;
    let endpoint = endpoint.filter(|(endpoint, _)| endpoint.is_enabled());
    let (Some((endpoint, secrets)), Some(payload)) = (endpoint, &delivery.payload) else {
        let given_up = delivery.given_up();
        app.deliveries.record(&given_up, claim, now).await?;
        return Ok(());
    };
    // A healthy endpoint has any number of attempts at the same time.
    let needs_slot = endpoint.failing.is_some();
    let endpoints = &app.endpoints;
    if needs_slot
        && !endpoints
            .claim_slot(endpoint.id, delivery.event, claim, now)
            .await?
    {
        return Ok(app
            .deliveries
            .postpone(&delivery, claim, now + BUSY)
            .await?);
    }
    let made = send(app, &endpoint, &secrets, &delivery, payload).await;
    record(app, &endpoint, &delivery, made, claim).await
}

async fn send(
    app: &App,
    endpoint: &Endpoint,
    secrets: &Secrets,
    delivery: &Delivery,
    payload: &str,
) -> Attempt {
    let at = app.clock.now();
    let (id, timestamp) = (delivery.event.name(), at.unix_timestamp());
    let headers = SignedHeaders {
        signature: signatures(secrets.signing(at), &id, timestamp, payload),
        id,
        timestamp,
    };
    let result = app.sender.post(&endpoint.url, &headers, payload).await;
    Attempt {
        at,
        result,
        duration_ms: app.clock.milliseconds_since(at),
    }
}

/// Records an attempt, what it changes of its endpoint, and orders the next attempt.
async fn record(
    app: &App,
    endpoint: &Endpoint,
    delivery: &Delivery,
    attempt: Attempt,
    claim: OffsetDateTime,
) -> Result<(), Error> {
    let now = app.clock.now();
    let next = delivery.after(attempt, endpoint.failing, now, fastrand::f64());
    log(delivery, attempt, next.endpoint);
    let recorded = app.deliveries.record(&next.delivery, claim, now).await?;
    let has_slot = endpoint.failing.is_some();
    app.endpoints
        .record(endpoint.id, delivery.event, next.endpoint, has_slot, now)
        .await?;
    let next_at = next.delivery.next_at.filter(|_| recorded);
    if let Some(at) = next_at.filter(|at| *at - now <= LONGEST_DELAY)
        && let Err(error) = app.queue.send(Due::of(&next.delivery), at, now).await
    {
        // The index of due deliveries has it a minute later.
        tracing::warn!(%error, "message_not_sent");
    }
    Ok(())
}

fn log(delivery: &Delivery, attempt: Attempt, change: EndpointChange) {
    let (endpoint, event) = (delivery.endpoint, delivery.event.name());
    tracing::info!(
        %endpoint,
        event,
        kind = delivery.event_type,
        attempt = delivery.made + 1,
        result = ?attempt.result,
        ms = attempt.duration_ms,
        "webhook_attempt"
    );
    if let Some(reason) = change.disables() {
        metrics::count(Metric::WebhooksDisabled);
        let reason = DisableReason::as_str(reason);
        tracing::warn!(%endpoint, reason, "webhook_disabled");
    }
}
