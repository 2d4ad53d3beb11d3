use axum::{
    extract::{Path, State},
    response::Response,
};
use http_api::{Administrator, Problem, ProblemDocument};

use crate::{
    App,
    view::{WebhookEndpointResponse, endpoint_response},
};

/// Get an endpoint.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "getWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the endpoint's id")),
    responses(
        (status = 200, description = "the endpoint", body = WebhookEndpointResponse,
            headers(("ETag" = String, description = "the version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(endpoint_response(&app.find(&id).await?))
}
