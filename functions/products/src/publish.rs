use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{Product, ProductStatus};
use http_api::{IfMatch, Problem, ProblemDocument};

use crate::{
    App,
    change::Change,
    problems::refusal_problem,
    seller::Seller,
    view::{ProductResponse, product_response},
};

/// Publish a product.
///
/// Offers it for sale. All its files must be stored; from then on they cannot be deleted. Idempotent.
#[utoipa::path(
    post,
    path = "/products/{id}/publish",
    operation_id = "publishProduct",
    tag = "products",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the product's id"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` of the version to publish"),
    ),
    responses(
        (status = 200, description = "the published product", body = ProductResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`: the caller has neither the role `seller` nor `admin`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`files_not_stored` (`detail` has the ids), `product_archived`, `request_in_progress`"),
        (status = 412, body = ProblemDocument, content_type = "application/problem+json",
            description = "`precondition_failed`"),
    )
)]
pub async fn publish(
    State(app): State<App>,
    Seller(caller): Seller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let product = app.change(&caller, &id, &if_match, Change::Publish).await?;
    Ok(product_response(&product))
}

/// The published product; `None` if it is published already.
pub async fn next(app: &App, product: &Product) -> Result<Option<Product>, Problem> {
    let files = product.details.files.ids();
    let stored = match product.status {
        ProductStatus::Draft => app.uploads.pin(product.id, product.seller, files).await?,
        ProductStatus::Published | ProductStatus::Archived => Vec::new(),
    };
    let published = product.publish(&stored, app.clock.now());
    published.map_err(refusal_problem)
}
