use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{Invalid, ListingId, Product, ProductId, UserId};
use http_api::{
    Cursor, FieldError, IfNoneMatch, List, OptionalCaller, Page, Problem, ProblemDocument, cached,
};
use store::StoreError;

use crate::{App, view::ProductView};

const INVALID_SELLER: Invalid = Invalid {
    code: "invalid_seller",
    detail: "Only `me` is possible. Leave the parameter out for all published products.",
};

/// List products.
///
/// Anyone gets the published products, newest first, without an access token; caches may keep a page for a minute. With
/// `seller=me`, sellers get their own products of every status.
#[utoipa::path(
    get,
    path = "/products",
    operation_id = "listProducts",
    tag = "products",
    security((), ("access_token" = [])),
    params(
        Page,
        ("seller" = Option<String>, Query, pattern = "^me$", description = "`me`: the caller's own products"),
        ("If-None-Match" = Option<String>, Header, description = "the `ETag` of the page that the client has"),
    ),
    responses(
        (status = 200, description = "the products", body = List<ProductView>,
            headers(("ETag" = String, description = "the version of the page"))),
        (status = 304, description = "the client has this page"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`unauthorized`, `invalid_token`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_limit`, `invalid_seller`), `invalid_cursor`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    OptionalCaller(caller): OptionalCaller,
    page: Page,
    RawQuery(query): RawQuery,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    if !is_own(query.as_deref().unwrap_or_default())? {
        let before = page.cursor.map(|cursor| ListingId::from_bytes(cursor.0));
        // One more than the page shows whether there is a next one.
        let found = app.products.published(before, page.limit + 1).await?;
        let list = List::of(found, page, listed, |it| ProductView::from(it));
        return cached(&list, None, &known);
    }
    let caller = caller.ok_or_else(Problem::unauthorized)?;
    let list = list_own(&app, caller.user_id, page).await?;
    Ok(Json(list).into_response())
}

/// Lists the products of a seller, of every status, newest first.
pub async fn list_own(
    app: &App,
    seller: UserId,
    page: Page,
) -> Result<List<ProductView>, StoreError> {
    let before = page.cursor.map(|cursor| ProductId::from_bytes(cursor.0));
    let found = app.products.of_seller(seller, before, page.limit + 1);
    let cursor = |last: &Product| Cursor(*last.id.as_bytes());
    Ok(List::of(found.await?, page, cursor, |it| {
        ProductView::from(it)
    }))
}

/// The place of a product in the shop.
fn listed(product: &Product) -> Cursor {
    let published_at = product.published_at.unwrap_or(product.created_at);
    Cursor(*ListingId::of_product(published_at, product.id).as_bytes())
}

/// Whether the caller's own products are requested.
fn is_own(query: &str) -> Result<bool, Problem> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    match parameters.find(|(name, _)| name == "seller") {
        None => Ok(false),
        Some((_, value)) if value == "me" => Ok(true),
        Some(_) => Err(Problem::invalid(vec![FieldError::at(
            "/seller",
            INVALID_SELLER,
        )])),
    }
}
