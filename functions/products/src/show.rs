use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::ProductId;
use http_api::{IfNoneMatch, OptionalCaller, Problem, ProblemDocument, cached, etag};

use crate::{
    App,
    view::{ProductResponse, product_response},
};

/// Get a product.
///
/// Anyone gets published products, without an access token. With one, sellers also get their drafts and archived products.
/// Caches may keep a published product for a minute.
#[utoipa::path(
    get,
    path = "/products/{id}",
    operation_id = "getProduct",
    tag = "products",
    security((), ("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the product's id"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of the version that the client has"),
    ),
    responses(
        (status = 200, description = "the product", body = ProductResponse,
            headers(("ETag" = String, description = "the version"))),
        (status = 304, description = "the client has this version"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    OptionalCaller(caller): OptionalCaller,
    Path(id): Path<String>,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let id = ProductId::parse(&id).map_err(|_| Problem::not_found())?;
    let product = app.products.find(id).await?;
    let product = product.ok_or_else(Problem::not_found)?;
    if product.is_public() {
        let tag = etag(product.version);
        return cached(&ProductResponse::from(&product), Some(tag), &known);
    }
    match caller {
        Some(caller) if caller.user_id == product.seller => Ok(product_response(&product)),
        _ => Err(Problem::not_found()),
    }
}
