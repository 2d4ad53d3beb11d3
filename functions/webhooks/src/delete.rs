use axum::extract::{Path, State};
use http::StatusCode;
use http_api::{Administrator, Problem, ProblemDocument};

use crate::{App, parse_id};

/// Delete an endpoint.
///
/// Pending deliveries to it are not sent any more. What was sent is kept for 30 days from its creation, and then deleted.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the endpoint's id")),
    responses(
        (status = 204, description = "the endpoint is deleted"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if app.endpoints.delete(parse_id(&id)?).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}
