use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    EventId, Invalid,
    webhook::{Delivery, DeliveryStatus},
};
use http_api::{Administrator, Cursor, FieldError, List, Page, Problem, ProblemDocument};

use crate::{App, view::WebhookDeliveryView};

const UNKNOWN_STATUS: Invalid = Invalid {
    code: "unknown_status",
    detail: "The status is unknown. Send `pending`, `delivered` or `failed`, or leave the parameter out.",
};

/// List the deliveries to an endpoint, newest event first.
///
/// Deliveries are kept for 30 days. The body of a response is never kept.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = "webhooks",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "the endpoint's id"),
        Page,
        ("status" = Option<String>, Query, pattern = "^(pending|delivered|failed)$",
            description = "Only deliveries with this status. Absent: all deliveries."),
    ),
    responses(
        (status = 200, description = "a page of deliveries", body = List<WebhookDeliveryView>),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`, `unknown_status`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
    page: Page,
    RawQuery(query): RawQuery,
) -> Result<Json<List<WebhookDeliveryView>>, Problem> {
    let status = status(query.as_deref().unwrap_or_default())?;
    let endpoint = app.find(&id).await?;
    let before = page.cursor.map(|Cursor(id)| EventId::from_bytes(id));
    let found = app
        .deliveries
        .list(endpoint.id, status, before, page.limit + 1)
        .await?;
    let cursor = |last: &Delivery| Cursor(*last.event.as_bytes());
    Ok(Json(List::of(found, page, cursor, |it| {
        WebhookDeliveryView::from(it)
    })))
}

/// Parses the parameter `status`. Two of them are ambiguous, so each is checked and the last one counts.
fn status(query: &str) -> Result<Option<DeliveryStatus>, Problem> {
    let mut status = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "status" {
            let parsed = DeliveryStatus::parse(&value);
            let unknown = || Problem::invalid(vec![FieldError::at("/status", UNKNOWN_STATUS)]);
            status = Some(parsed.ok_or_else(unknown)?);
        }
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_status_is_accepted() {
        let of = |query| status(query).map_err(|problem| problem.code());
        assert_eq!(of("limit=2"), Ok(None));
        assert_eq!(of("status=failed"), Ok(Some(DeliveryStatus::Failed)));
        for query in ["status=", "status=Failed", "status=failed&status=x"] {
            assert_eq!(of(query), Err("validation_failed"), "{query}");
        }
    }
}
