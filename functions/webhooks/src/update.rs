use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    Invalid, Patch,
    webhook::{Description, DisableReason, Endpoint, EndpointUrl, Reach, Subscription},
};
use http_api::{
    Administrator, Fields, FromFields, IfMatch, JsonBody, Problem, ProblemDocument, text,
};
use store::webhooks::EndpointUpdate;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    App,
    create::parse_url,
    problems::{CHANGED_MEANWHILE, STALE},
    request::{flag, subscription},
    view::{WebhookEndpointResponse, endpoint_response},
};

/// How often a change is tried again while other requests change the endpoint.
const TRIES: usize = 5;

const URL_REMOVED: Invalid = Invalid {
    code: "required",
    detail: "An endpoint must have a URL. Send one, or leave this field out.",
};
const ENABLED_REMOVED: Invalid = Invalid {
    code: "required",
    detail: "true or false is required. Send one of them, or leave this field out.",
};

/// A JSON Merge Patch (RFC 7396) of an endpoint: absent fields stay unchanged.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UpdateWebhookRequest {
    /// Where events are sent. It cannot be removed.
    #[schema(value_type = Option<String>, max_length = 2048, nullable = false)]
    url: Patch<String>,
    /// The types of events that it receives; null for all types.
    #[schema(value_type = Option<Vec<String>>, min_items = 1)]
    event_types: Patch<Subscription>,
    /// What it is for; null removes it.
    #[schema(value_type = Option<String>, max_length = 200)]
    description: Patch<Description>,
    /// Whether it receives events. `true` also enables an endpoint that was disabled because it failed.
    #[schema(value_type = Option<bool>, nullable = false)]
    enabled: Patch<bool>,
}

impl FromFields for UpdateWebhookRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let parse_url =
            |url: &str| EndpointUrl::parse(url, Reach::Loopback).map(|_| url.to_owned());
        let url = match fields.patched("url", text(parse_url)) {
            Some(Patch::Remove) => fields.refuse("url", URL_REMOVED),
            url => url,
        };
        let event_types = fields.patched("eventTypes", subscription);
        let description = fields.patched("description", text(Description::parse));
        let enabled = match fields.patched("enabled", flag) {
            Some(Patch::Remove) => fields.refuse("enabled", ENABLED_REMOVED),
            enabled => enabled,
        };
        Some(Self {
            url: url?,
            event_types: event_types?,
            description: description?,
            enabled: enabled?,
        })
    }
}

/// Update an endpoint.
///
/// With `If-Match`, the change applies only to that version. Deliveries to an endpoint that is disabled fail at their next
/// attempt, and can be sent again when it is enabled.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "updateWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "the endpoint's id"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` of the version to change"),
    ),
    request_body = UpdateWebhookRequest,
    responses(
        (status = 200, description = "the endpoint", body = WebhookEndpointResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`changed_meanwhile`"),
        (status = 412, body = ProblemDocument, content_type = "application/problem+json",
            description = "`precondition_failed`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_url`, `not_https`, `not_public`, `unknown_event_type`, `empty`, \
                `too_long`, `control_character`, `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn update(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
    if_match: IfMatch,
    JsonBody(request): JsonBody<UpdateWebhookRequest>,
) -> Result<Response, Problem> {
    let url = match &request.url {
        Patch::Set(url) => Some(parse_url(&app, url)?),
        Patch::Keep | Patch::Remove => None,
    };
    for _ in 0..TRIES {
        let found = app.find(&id).await?;
        if matches!(&if_match, IfMatch::OneOf(versions) if !versions.contains(&found.version)) {
            return Err(STALE);
        }
        let changed = request.apply(&found, url.as_ref(), app.clock.now());
        if changed == found {
            return Ok(endpoint_response(&found));
        }
        if app.endpoints.update(found.version, &changed).await? == EndpointUpdate::Changed {
            return Ok(endpoint_response(&changed));
        }
    }
    Err(CHANGED_MEANWHILE)
}

impl UpdateWebhookRequest {
    /// Returns the endpoint with the changes, or as it is if they change nothing.
    fn apply(&self, found: &Endpoint, url: Option<&EndpointUrl>, now: OffsetDateTime) -> Endpoint {
        let mut endpoint = found.clone();
        if let Some(url) = url {
            endpoint.url = url.clone();
        }
        match &self.event_types {
            Patch::Keep => {}
            Patch::Remove => endpoint.subscription = Subscription::All,
            Patch::Set(subscription) => endpoint.subscription = subscription.clone(),
        }
        match &self.description {
            Patch::Keep => {}
            Patch::Remove => endpoint.description = Description::default(),
            Patch::Set(description) => endpoint.description = description.clone(),
        }
        match self.enabled {
            Patch::Set(true) if !found.is_enabled() => {
                endpoint.disabled = None;
                // Five days begin anew.
                endpoint.failing = None;
            }
            Patch::Set(false) if found.is_enabled() => {
                endpoint.disabled = Some(DisableReason::Administrator);
            }
            Patch::Keep | Patch::Remove | Patch::Set(_) => {}
        }
        if endpoint != *found {
            endpoint.version += 1;
            endpoint.updated_at = now;
        }
        endpoint
    }
}
