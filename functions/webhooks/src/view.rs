use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::webhook::{Attempt, AttemptResult, Delivery, Endpoint, Subscription};
use http::header;
use http_api::{Timestamp, etag};
use serde::Serialize;
use utoipa::ToSchema;

/// An endpoint that receives events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEndpointView {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// Where events are sent.
    url: String,
    /// The types of events that it receives; null for all types.
    event_types: Option<Vec<String>>,
    /// What it is for.
    description: String,
    /// Whether it receives events.
    enabled: bool,
    /// Why it is disabled: by an `administrator`, because it is `gone` (it responded with 410), or because it was `failing` for
    /// five days. Null while it is enabled.
    disabled_reason: Option<&'static str>,
    /// Since when all attempts fail; null if the last one succeeded.
    failing_since: Option<Timestamp>,
    /// When it was created.
    created_at: Timestamp,
    /// When it was changed last.
    updated_at: Timestamp,
}

/// An endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookEndpointResponse {
    /// The endpoint.
    endpoint: WebhookEndpointView,
}

/// An attempt to deliver an event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAttemptView {
    /// When it began.
    at: Timestamp,
    /// The status of the response; null without a response.
    status: Option<u16>,
    /// Why there was no response: `unknown_host`, `forbidden_address`, `connection`, `tls`, `protocol` or `timeout`. Null with a
    /// response.
    failure: Option<&'static str>,
    /// How many milliseconds it took.
    duration_ms: u64,
}

/// The delivery of an event to an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDeliveryView {
    /// The id of the event, which is the `webhook-id` of each attempt.
    #[schema(example = "evt_019b76da-a9f4-7264-9eba-b2cdf9d7671c")]
    id: String,
    /// The type of the event.
    event_type: String,
    /// `pending`, `delivered` or `failed`.
    status: &'static str,
    /// The attempts, oldest first.
    attempts: Vec<WebhookAttemptView>,
    /// When the next attempt is due; null if there is none.
    next_attempt_at: Option<Timestamp>,
    /// Whether it can be sent again. A payload that named a deleted user is erased.
    can_redeliver: bool,
    /// When it was created.
    created_at: Timestamp,
}

impl From<&Endpoint> for WebhookEndpointView {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.as_str().to_owned(),
            event_types: match &endpoint.subscription {
                Subscription::All => None,
                Subscription::Types(types) => Some(types.iter().cloned().collect()),
            },
            description: endpoint.description.as_str().to_owned(),
            enabled: endpoint.is_enabled(),
            disabled_reason: endpoint
                .disabled
                .map(domain::webhook::DisableReason::as_str),
            failing_since: endpoint.failing.map(|span| Timestamp(span.since)),
            created_at: Timestamp(endpoint.created_at),
            updated_at: Timestamp(endpoint.updated_at),
        }
    }
}

impl From<&Attempt> for WebhookAttemptView {
    fn from(attempt: &Attempt) -> Self {
        let (status, failure) = match attempt.result {
            AttemptResult::Status(status) => (Some(status), None),
            AttemptResult::Failed(kind) => (None, Some(kind.as_str())),
        };
        Self {
            at: Timestamp(attempt.at),
            status,
            failure,
            duration_ms: attempt.duration_ms,
        }
    }
}

impl From<&Delivery> for WebhookDeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.event.name(),
            event_type: delivery.event_type.clone(),
            status: delivery.status.as_str(),
            attempts: delivery.attempts.iter().map(Into::into).collect(),
            next_attempt_at: delivery.next_at.map(Timestamp),
            can_redeliver: delivery.payload.is_some(),
            created_at: Timestamp(delivery.created_at),
        }
    }
}

/// The response with an endpoint and its version.
pub fn endpoint_response(endpoint: &Endpoint) -> Response {
    let body = WebhookEndpointResponse {
        endpoint: endpoint.into(),
    };
    ([(header::ETAG, etag(endpoint.version))], Json(body)).into_response()
}
