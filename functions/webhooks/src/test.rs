use auth::random;
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    EventId,
    webhook::{Delivery, Endpoint},
};
use http::StatusCode;
use http_api::{Administrator, Problem, ProblemDocument, Timestamp};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{App, problems::DISABLED, view::WebhookDeliveryView};

/// The type of test events. No other event has it, and an endpoint cannot subscribe to it.
const TEST_TYPE: &str = "webhook.test";

/// The delivery of the test event.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestWebhookResponse {
    /// The delivery. `GET /webhooks/{id}/deliveries` shows how it ends.
    delivery: WebhookDeliveryView,
}

/// The test event, in the same envelope as all events.
#[derive(Serialize)]
struct TestEvent {
    id: String,
    r#type: &'static str,
    time: Timestamp,
    subject: String,
    version: u64,
    data: TestData,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestData {
    endpoint_id: String,
}

/// Send a test event to an endpoint.
///
/// The event has the type `webhook.test` and is sent whatever types the endpoint receives. It is signed and tried again like
/// other events.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the endpoint's id")),
    responses(
        (status = 202, description = "the event will be sent", body = TestWebhookResponse),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`endpoint_disabled`"),
    )
)]
pub async fn test(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<TestWebhookResponse>), Problem> {
    let endpoint = app.find(&id).await?;
    if !endpoint.is_enabled() {
        return Err(DISABLED);
    }
    let now = app.clock.now();
    let random = random::bytes().map_err(|error| Problem::internal(&error))?;
    let event = EventId::of_digest(now, random);
    let payload = payload(&endpoint, event, now)?;
    let delivery = Delivery::new(endpoint.id, event, TEST_TYPE, payload, now);
    app.deliveries.create(&delivery, &[]).await?;
    app.order(&delivery).await;
    let body = TestWebhookResponse {
        delivery: (&delivery).into(),
    };
    Ok((StatusCode::ACCEPTED, Json(body)))
}

fn payload(endpoint: &Endpoint, event: EventId, now: OffsetDateTime) -> Result<String, Problem> {
    let event = TestEvent {
        id: event.name(),
        r#type: TEST_TYPE,
        time: Timestamp(now),
        subject: format!("webhook/{}", endpoint.id),
        version: 1,
        data: TestData {
            endpoint_id: endpoint.id.to_string(),
        },
    };
    serde_json::to_string(&event).map_err(|error| Problem::internal(&error))
}
