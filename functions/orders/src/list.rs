use axum::{Json, extract::State};
use domain::{OrderId, UserId};
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument};
use store::{OrderRecord, StoreError};

use crate::{App, view::OrderView};

/// List the caller's orders, newest first.
///
/// The list may be a moment behind a change; `GET /orders/{id}` is not.
#[utoipa::path(
    get,
    path = "/orders",
    operation_id = "listOrders",
    tag = "orders",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "the orders", body = List<OrderView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_limit`), `invalid_cursor`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    page: Page,
) -> Result<Json<List<OrderView>>, Problem> {
    Ok(Json(list_own(&app, caller.user_id, page).await?))
}

/// Lists the orders of a buyer, newest first.
pub async fn list_own(app: &App, buyer: UserId, page: Page) -> Result<List<OrderView>, StoreError> {
    let before = page.cursor.map(|Cursor(id)| OrderId::from_bytes(id));
    let orders = app.orders.list(buyer, before, page.limit + 1).await?;
    let cursor = |last: &OrderRecord| Cursor(*last.order.id.as_bytes());
    let view = |record: &OrderRecord| OrderView::from(&record.order);
    Ok(List::of(orders, page, cursor, view))
}

/// Lists the orders of a seller, newest first. They don't show the buyers.
pub async fn list_sales(
    app: &App,
    seller: UserId,
    page: Page,
) -> Result<List<OrderView>, StoreError> {
    let before = page.cursor.map(|Cursor(id)| OrderId::from_bytes(id));
    let (orders, last) = app.orders.sales(seller, before, page.limit).await?;
    Ok(List {
        items: orders.iter().map(OrderView::from).collect(),
        next: last.map(|id| Cursor(*id.as_bytes()).encode()),
    })
}
