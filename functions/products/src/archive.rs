use axum::{
    extract::{Path, State},
    response::Response,
};
use http_api::{IfMatch, Problem, ProblemDocument};

use crate::{
    App,
    change::Change,
    seller::Seller,
    view::{ProductResponse, product_response},
};

/// Archive a product.
///
/// Takes it out of the shop for good. Buyers keep it, and its files stay for them. Idempotent.
#[utoipa::path(
    post,
    path = "/products/{id}/archive",
    operation_id = "archiveProduct",
    tag = "products",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the product's id"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` of the version to archive"),
    ),
    responses(
        (status = 200, description = "the archived product", body = ProductResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`: the caller has neither the role `seller` nor `admin`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`request_in_progress`"),
        (status = 412, body = ProblemDocument, content_type = "application/problem+json",
            description = "`precondition_failed`"),
    )
)]
pub async fn archive(
    State(app): State<App>,
    Seller(caller): Seller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let product = app.change(&caller, &id, &if_match, Change::Archive).await?;
    Ok(product_response(&product))
}
