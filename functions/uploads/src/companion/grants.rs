use api::{Authenticated, Gateway, Problem, Timestamp};
use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::UserId;
use http::StatusCode;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

use crate::App;

/// Long enough for a large file on a slow line; whoever finds it in a log can bring files in, and nothing else.
const LIFETIME: Duration = Duration::hours(1);

/// An address that lets its holder upload in the caller's name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// What Uppy's `companionEndpoint` is set to.
    #[schema(format = "uri")]
    companion_endpoint: String,
    /// Until when.
    expires_at: Timestamp,
}

/// Get an address that lets its holder upload in the caller's name, and do nothing else.
#[utoipa::path(
    post,
    path = "/s3/grants",
    operation_id = "createUploadGrant",
    tag = "companion",
    security(("access_token" = [])),
    responses((status = 201, body = Grant))
)]
pub async fn give(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    gateway: Gateway,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let mut secret = [0; 32];
    let filled = SystemRandom::new().fill(&mut secret);
    filled.map_err(|_| Problem::internal(&"no randomness"))?;
    let grant = URL_SAFE_NO_PAD.encode(secret);
    let expires_at = app.clock.now() + LIFETIME;
    app.grants
        .give(&digest_of(&grant), caller.user_id, expires_at)
        .await?;
    let endpoint = format!("{}/s3/g/{grant}", app.tokens.issuer(&gateway));
    Ok((
        StatusCode::CREATED,
        Json(Grant {
            companion_endpoint: endpoint,
            expires_at: Timestamp(expires_at),
        }),
    ))
}

/// Whose grant this is.
pub async fn owner(app: &App, grant: &str) -> Result<UserId, Problem> {
    let owner = app.grants.owner(&digest_of(grant), app.clock.now()).await?;
    // One that ended is told from one that never was by nobody.
    owner.ok_or_else(Problem::invalid_token)
}

/// What the table knows it by.
fn digest_of(grant: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, grant.as_bytes()))
}
