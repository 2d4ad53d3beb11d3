use axum::{Json, extract::State};
use domain::OrderId;
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument};
use store::OrderRecord;

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
    let before = page.cursor.map(|Cursor(id)| OrderId::from_bytes(id));
    let orders = app
        .orders
        .list(caller.user_id, before, page.limit + 1)
        .await?;
    let cursor = |last: &OrderRecord| Cursor(*last.order.id.as_bytes());
    let view = |record: &OrderRecord| OrderView::from(&record.order);
    Ok(Json(List::of(orders, page, cursor, view)))
}
