use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{self, HeaderName};
use http_api::{Gateway, Problem};
use serde_json::{Value, json};

use crate::App;

/// Returns the `max-age` of the documents, if functions cache the keys for `cache` seconds. It saves requests, and is
/// always shorter than the time between the publication of a key and its first signature.
#[must_use]
pub const fn max_age(cache: u32) -> u32 {
    if cache < 300 { cache } else { 300 }
}

fn cache_control(app: &App) -> (HeaderName, String) {
    let max_age = max_age(app.cache_seconds);
    (header::CACHE_CONTROL, format!("public, max-age={max_age}"))
}

/// Get the public keys as a JWK set (RFC 7517, section 5).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "getJwks",
    tag = "keys",
    responses((status = 200, body = serde_json::Value, description = "a JWK set"))
)]
pub async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let keys = app.keys.get().await?;
    Ok(([cache_control(&app)], Json(keys.jwks(app.clock.now()))).into_response())
}

/// Get the discovery document.
///
/// Verifiers of access tokens use it to find the public keys of the issuer
/// (<https://openid.net/specs/openid-connect-discovery-1_0.html>, RFC 8414).
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
    Ok(([cache_control(&app)], Json(document)).into_response())
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
