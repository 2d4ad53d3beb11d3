use axum::{Json, extract::State};
use http_api::{Administrator, List, Problem, ProblemDocument};

use crate::{App, view::WebhookEndpointView};

/// List all endpoints, newest first.
///
/// There are 20 at most, so `next` is always null.
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "listWebhooks",
    tag = "webhooks",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "the endpoints", body = List<WebhookEndpointView>),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Json<List<WebhookEndpointView>>, Problem> {
    let endpoints = app.endpoints.list().await?;
    Ok(Json(List {
        items: endpoints.iter().map(Into::into).collect(),
        next: None,
    }))
}
