use axum::response::{IntoResponse, Response};
use domain::User;
use http::{StatusCode, header};
use http_api::{Problem, UserResponse, UserView};
use serde::Serialize;
use utoipa::ToSchema;

/// The response to a sign-up whose email address is verified first.
#[derive(Serialize, ToSchema)]
pub struct SignUpPendingResponse {
    /// Always `verification_pending`.
    status: &'static str,
}

/// Serializes the body for a created account.
pub fn created_body(user: &User) -> Result<String, Problem> {
    serialize(&UserResponse {
        user: UserView::own(user),
    })
}

/// Serializes the body for a sign-up whose email address is verified first.
pub fn pending_body() -> Result<String, Problem> {
    serialize(&SignUpPendingResponse {
        status: "verification_pending",
    })
}

fn serialize(body: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(body).map_err(|error| Problem::internal(&error))
}

/// Creates the response with a serialized body. The body of a repeated request was stored; it also contains the user's id
/// for the `Location`.
pub fn respond(body: String) -> Response {
    let json = (header::CONTENT_TYPE, "application/json".to_owned());
    match user_id(&body) {
        Some(id) => {
            let headers = [(header::LOCATION, format!("/users/{id}")), json];
            (StatusCode::CREATED, headers, body).into_response()
        }
        // The address is verified first, and the response does not reveal whether it has an account.
        None => (StatusCode::ACCEPTED, [json], body).into_response(),
    }
}

fn user_id(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body["user"]["id"].as_str().map(str::to_owned)
}
