use axum::{
    Json,
    extract::{Path, State},
};
use domain::ProductId;
use http_api::{Authenticated, Problem, ProblemDocument};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, entry::LibraryEntry};

/// A product of the caller's library.
#[derive(Debug, Serialize, ToSchema)]
pub struct GetLibraryResponse {
    item: LibraryEntry,
}

/// Get a product of the caller's library.
#[utoipa::path(
    get,
    path = "/library/{productId}",
    operation_id = "getLibraryProduct",
    tag = "library",
    security(("access_token" = [])),
    params(("productId" = String, Path, format = "uuid", description = "the product's id")),
    responses(
        (status = 200, description = "the product", body = GetLibraryResponse),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: the caller has no right to it"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<GetLibraryResponse>, Problem> {
    let id = ProductId::parse(&id).map_err(|_| Problem::not_found())?;
    let right = app.entitlements.find(caller.user_id, id).await?;
    let right = right.filter(domain::Entitlement::is_active);
    let right = right.ok_or_else(Problem::not_found)?;
    let copy = app.titles.find(id).await?.ok_or_else(Problem::not_found)?;
    let item = LibraryEntry::of(&right, &copy).ok_or_else(Problem::not_found)?;
    Ok(Json(GetLibraryResponse { item }))
}
