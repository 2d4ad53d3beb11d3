use api::{Gateway, Problem};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use crate::App;

/// Long enough to spare everybody the requests, short enough that a new key is known before it signs.
const CACHE: (header::HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=300"),
);

/// The public keys (RFC 7517, section 5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "getJwks",
    tag = "keys",
    responses((status = 200, body = serde_json::Value, description = "a JWK set"))
)]
pub async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.keys.get().await?;
    Ok(([CACHE], Json(keys.jwks(app.clock.now()))).into_response())
}

/// Where the keys are.
///
/// What a verifier needs to find the keys by the issuer (<https://openid.net/specs/openid-connect-discovery-1_0.html>, RFC 8414).
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    operation_id = "getOpenidConfiguration",
    tag = "keys",
    responses((status = 200, body = serde_json::Value, description = "a discovery document"))
)]
pub async fn openid_configuration(
    State(app): State<App>,
    gateway: Gateway,
) -> Result<Response, Problem> {
    let keys = app.keys.get().await?;
    let algorithms = keys.algorithms(app.clock.now());
    let algorithms: Vec<_> = algorithms
        .iter()
        .map(|algorithm| algorithm.as_str())
        .collect();
    let document = document(&app.keys.issuer(&gateway), &algorithms);
    Ok(([CACHE], Json(document)).into_response())
}

fn document(issuer: &str, algorithms: &[&str]) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid", "roles"],
    })
}
