use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    EventId, Invalid,
    webhook::{Delivery, DeliveryStatus, Endpoint},
};
use http::StatusCode;
use http_api::{Administrator, Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use crate::{
    App,
    problems::{CHANGED_MEANWHILE, DISABLED, ERASED},
};

/// The most deliveries of one request: their writes fit into its time.
const MOST: u32 = 200;
/// The deliveries that one query reads.
const PAGE: usize = 50;

const NOT_AN_EVENT: Invalid = Invalid {
    code: "invalid_id",
    detail: "The id is not valid. Send the id of a delivery as the API returned it.",
};
const NOT_A_TIME: Invalid = Invalid {
    code: "invalid_time",
    detail: "The time is not valid. Send a time as in RFC 3339, such as 2026-01-31T12:00:00Z.",
};
const ONE_OF_BOTH: Invalid = Invalid {
    code: "one_of_both",
    detail: "Either `deliveryId` or `since` is required, and not both. Send one of them.",
};

/// What to send again: one delivery, or all that failed since a time.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RedeliverWebhookRequest {
    /// The delivery.
    #[schema(value_type = Option<String>, example = "evt_019b76da-a9f4-7264-9eba-b2cdf9d7671c")]
    delivery_id: Option<EventId>,
    /// The time of the oldest event whose failed delivery is sent again.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<OffsetDateTime>,
}

/// How many deliveries are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedeliverWebhookResponse {
    /// The number of deliveries.
    count: u32,
    /// Whether these are all. If not, repeat the request.
    is_complete: bool,
}

impl FromFields for RedeliverWebhookRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let parse_id = |name: &str| EventId::parse_name(name).map_err(|_| NOT_AN_EVENT);
        let parse_time = |time: &str| OffsetDateTime::parse(time, &Rfc3339).map_err(|_| NOT_A_TIME);
        let delivery_id = fields.optional("deliveryId", text(parse_id));
        let since = fields.optional("since", text(parse_time));
        if matches!((&delivery_id, &since), (Some(id), Some(since)) if id.is_some() == since.is_some())
        {
            return fields.refuse("deliveryId", ONE_OF_BOTH);
        }
        Some(Self {
            delivery_id: delivery_id?,
            since: since?,
        })
    }
}

/// Send deliveries again.
///
/// With `deliveryId`, one delivery in any state is sent at once. With `since`, up to 200 failed deliveries are sent within two
/// minutes. Each has the `webhook-id` of its event, and the whole schedule of attempts.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/redeliver",
    operation_id = "redeliverWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the endpoint's id")),
    request_body = RedeliverWebhookRequest,
    responses(
        (status = 202, description = "they will be sent", body = RedeliverWebhookResponse),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`endpoint_disabled`, `payload_erased`, `changed_meanwhile`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_id`, `invalid_time`, `one_of_both`, `wrong_type`, \
                `unknown_field`)"),
    )
)]
pub async fn redeliver(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<RedeliverWebhookRequest>,
) -> Result<(StatusCode, Json<RedeliverWebhookResponse>), Problem> {
    let endpoint = app.find(&id).await?;
    if !endpoint.is_enabled() {
        return Err(DISABLED);
    }
    let body = match (request.delivery_id, request.since) {
        (Some(event), _) => redeliver_one(&app, &endpoint, event).await?,
        (None, since) => {
            let since = since.unwrap_or(OffsetDateTime::UNIX_EPOCH);
            redeliver_since(&app, &endpoint, since).await?
        }
    };
    Ok((StatusCode::ACCEPTED, Json(body)))
}

async fn redeliver_one(
    app: &App,
    endpoint: &Endpoint,
    event: EventId,
) -> Result<RedeliverWebhookResponse, Problem> {
    let found = app.deliveries.find(endpoint.id, event).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let now = app.clock.now();
    let again = found.again(now).ok_or(ERASED)?;
    if !app.deliveries.restart(&found, &again, now).await? {
        return Err(CHANGED_MEANWHILE);
    }
    app.order(&again).await;
    Ok(RedeliverWebhookResponse {
        count: 1,
        is_complete: true,
    })
}

async fn redeliver_since(
    app: &App,
    endpoint: &Endpoint,
    since: OffsetDateTime,
) -> Result<RedeliverWebhookResponse, Problem> {
    let (mut count, mut before) = (0, None);
    // An id begins with the time of its event, so the first id of that time is a bound.
    let oldest = EventId::of_digest(since, [0; 32]).name();
    loop {
        let failed = Some(DeliveryStatus::Failed);
        let page = app
            .deliveries
            .list(endpoint.id, failed, before, PAGE)
            .await?;
        let is_last = page.len() < PAGE;
        before = page.last().map(|last| last.event);
        for found in page {
            if found.event.name() < oldest {
                return Ok(complete(count));
            }
            if count == MOST {
                return Ok(RedeliverWebhookResponse {
                    count,
                    is_complete: false,
                });
            }
            count += u32::from(restart(app, &found).await?);
        }
        if is_last {
            return Ok(complete(count));
        }
    }
}

const fn complete(count: u32) -> RedeliverWebhookResponse {
    RedeliverWebhookResponse {
        count,
        is_complete: true,
    }
}

/// Makes a failed delivery due. Says whether it did: one whose payload is erased stays as it is.
async fn restart(app: &App, found: &Delivery) -> Result<bool, Problem> {
    let now = app.clock.now();
    match found.again(now) {
        Some(again) => Ok(app.deliveries.restart(found, &again, now).await?),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Result<(), String> {
        let parsed = http_api::from_json::<RedeliverWebhookRequest>(body.as_bytes());
        parsed
            .map(|_| ())
            .map_err(|problem| problem.errors()[0].code.to_owned())
    }

    #[test]
    fn one_of_both_fields_is_required() {
        let id = r#""deliveryId":"evt_019b76da-a9f4-7264-9eba-b2cdf9d7671c""#;
        let since = r#""since":"2026-01-01T00:00:00Z""#;
        assert_eq!(code(&format!("{{{id}}}")), Ok(()));
        assert_eq!(code(&format!("{{{since}}}")), Ok(()));
        assert_eq!(code("{}"), Err("one_of_both".to_owned()));
        let both = format!("{{{id},{since}}}");
        assert_eq!(code(&both), Err("one_of_both".to_owned()));
        let bad = r#"{"since":"yesterday"}"#;
        assert_eq!(code(bad), Err("invalid_time".to_owned()));
    }
}
