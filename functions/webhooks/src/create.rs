use auth::random;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use domain::{
    EndpointId, UserId,
    webhook::{Description, DisableReason, Endpoint, EndpointUrl, Reach, Secret, Subscription},
};
use http::{StatusCode, header};
use http_api::{
    Administrator, Fields, FromFields, IdempotencyKey, IdempotentRequest, JsonBody, Problem,
    ProblemDocument, text,
};
use serde::Serialize;
use store::{NewRecord, webhooks::EndpointCreation};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    App,
    problems::{CHANGED_MEANWHILE, TOO_MANY},
    request::{flag, subscription},
    view::WebhookEndpointView,
};

/// The most endpoints of a stack. Each event is delivered to each of them.
const MAX_ENDPOINTS: usize = 20;

/// The endpoint to create.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreateWebhookRequest {
    /// Where events are sent: an https URL of a host on the Internet.
    #[schema(value_type = String, max_length = 2048, example = "https://hooks.example.com/cloakroom")]
    url: String,
    /// The types of events that it receives. Absent or null: all types.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, example = json!(["order.paid", "order.refunded"]))]
    event_types: Option<Subscription>,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 200)]
    description: Option<Description>,
    /// Whether it receives events. Absent: true.
    #[schema(value_type = Option<bool>)]
    enabled: Option<bool>,
}

/// The new endpoint and its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreateWebhookResponse {
    /// The endpoint.
    endpoint: WebhookEndpointView,
    /// The secret that signs what is sent to it. No other response contains it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl FromFields for CreateWebhookRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // The least strict rule: `create` applies that of the stage.
        let url = fields.required(
            "url",
            text(|url| EndpointUrl::parse(url, Reach::Loopback).map(|_| url.to_owned())),
        );
        let event_types = fields.optional("eventTypes", subscription);
        let description = fields.optional("description", text(Description::parse));
        let enabled = fields.optional("enabled", flag);
        Some(Self {
            url: url?,
            event_types: event_types?,
            description: description?,
            enabled: enabled?,
        })
    }
}

/// Create an endpoint that receives events.
///
/// The response contains the secret that verifies the signatures (docs/WEBHOOKS.md). A repeated request with the same
/// `Idempotency-Key` gets the same response for 24 hours; no other response contains the secret.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "createWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    request_body = CreateWebhookRequest,
    responses(
        (status = 201, description = "the endpoint is created", body = CreateWebhookResponse,
            headers(("Location" = String, description = "the path of the endpoint"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`too_many_endpoints`, `changed_meanwhile`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_url`, `not_https`, `not_public`, `unknown_event_type`, `empty`, \
                `too_long`, `control_character`, `required`, `wrong_type`, `unknown_field`), `invalid_idempotency_key`, \
                `idempotency_key_reused`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Administrator(caller): Administrator,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(request): JsonBody<CreateWebhookRequest>,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let url = parse_url(&app, &request.url)?;
    let idempotent = request.idempotent(caller.user_id, key);
    if let Some(idempotent) = &idempotent
        && let Some(body) = idempotent.find_body(&app.idempotency, now).await?
    {
        return respond(body);
    }
    let endpoint = request.endpoint(url, now);
    let random = random::bytes().map_err(|error| Problem::internal(&error))?;
    let secret = Secret::of_random(random);
    let body = CreateWebhookResponse {
        endpoint: (&endpoint).into(),
        secret: secret.text(),
    };
    let body = serde_json::to_string(&body).map_err(|error| Problem::internal(&error))?;
    let record = idempotent.as_ref().map(|it| it.record(&body));
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let creation = app
        .endpoints
        .create(&endpoint, &secret, MAX_ENDPOINTS, record);
    match (creation.await?, &idempotent) {
        (EndpointCreation::Created, _) => respond(body),
        (EndpointCreation::LimitReached, _) => Err(TOO_MANY),
        (EndpointCreation::IdempotencyKeyUsed, None) => Err(CHANGED_MEANWHILE),
        (EndpointCreation::IdempotencyKeyUsed, Some(idempotent)) => {
            let body = idempotent.find_body(&app.idempotency, now).await?;
            respond(body.ok_or(CHANGED_MEANWHILE)?)
        }
    }
}

impl CreateWebhookRequest {
    /// Identifies a repetition of this request.
    fn idempotent(&self, caller: UserId, key: Option<String>) -> Option<IdempotentRequest> {
        let types = match &self.event_types {
            Some(Subscription::Types(types)) => Some(
                types
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(","),
            ),
            Some(Subscription::All) | None => None,
        };
        let enabled = self
            .enabled
            .map(|enabled| if enabled { "true" } else { "false" });
        let fields = [
            Some(self.url.as_str()),
            types.as_deref(),
            self.description.as_ref().map(Description::as_str),
            enabled,
        ];
        IdempotentRequest::new(caller, "POST /webhooks", key, &fields)
    }

    fn endpoint(self, url: EndpointUrl, now: OffsetDateTime) -> Endpoint {
        Endpoint {
            id: EndpointId::new(now),
            url,
            subscription: self.event_types.unwrap_or(Subscription::All),
            description: self.description.unwrap_or_default(),
            disabled: match self.enabled {
                Some(false) => Some(DisableReason::Administrator),
                Some(true) | None => None,
            },
            failing: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Parses a URL by the rule of this stage.
pub fn parse_url(app: &App, url: &str) -> Result<EndpointUrl, Problem> {
    EndpointUrl::parse(url, app.reach)
        .map_err(|invalid| Problem::invalid(vec![http_api::FieldError::at("/url", invalid)]))
}

/// Creates the response with a serialized body, which also contains the id for the `Location`.
fn respond(body: String) -> Result<Response, Problem> {
    let parsed: serde_json::Value =
        serde_json::from_str(&body).map_err(|error| Problem::internal(&error))?;
    let id = parsed["endpoint"]["id"].as_str().unwrap_or_default();
    let headers = [
        (header::LOCATION, format!("/webhooks/{id}")),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, body).into_response())
}
