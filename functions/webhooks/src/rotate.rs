use auth::random;
use axum::{
    Json,
    extract::{Path, State},
};
use domain::webhook::{Secret, Secrets};
use http_api::{Administrator, Problem, ProblemDocument, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, parse_id};

/// The new secret of an endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotateWebhookSecretResponse {
    /// The new secret. No other response contains it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// Until when the old secret also signs.
    previous_secret_expires_at: Timestamp,
}

/// Give an endpoint a new secret.
///
/// For 24 hours, deliveries have the signatures of both secrets, so a receiver can replace its secret at any time. A second
/// rotation within that time ends the oldest secret at once.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotateWebhookSecret",
    tag = "webhooks",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the endpoint's id")),
    responses(
        (status = 200, description = "the new secret", body = RotateWebhookSecretResponse),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn rotate(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Json<RotateWebhookSecretResponse>, Problem> {
    let (id, now) = (parse_id(&id)?, app.clock.now());
    let random = random::bytes().map_err(|error| Problem::internal(&error))?;
    let secret = Secret::of_random(random);
    let until = Secrets::overlap_ends(now);
    if !app.endpoints.rotate(id, &secret, until, now).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(RotateWebhookSecretResponse {
        secret: secret.text(),
        previous_secret_expires_at: Timestamp(until),
    }))
}
