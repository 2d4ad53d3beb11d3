use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use http_api::{Authenticated, Problem, ProblemDocument};

use crate::{App, checkout, view::OrderResponse};

/// Get an order.
///
/// With `refresh=true`, the provider is asked about a pending order: send it when the buyer returns from the checkout. If the
/// provider does not answer, the response shows the order as it is known.
#[utoipa::path(
    get,
    path = "/orders/{id}",
    operation_id = "getOrder",
    tag = "orders",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the order's id"),
        ("refresh" = Option<bool>, Query, description = "whether the provider is asked about a pending order"),
    ),
    responses(
        (status = 200, description = "the order", body = OrderResponse),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<OrderResponse>, Problem> {
    let found = app.find(&caller, &id).await?;
    let query = query.unwrap_or_default();
    let refresh = form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "refresh" && value == "true");
    if !refresh {
        return Ok(Json((&found.order).into()));
    }
    let known = found.order.clone();
    let asked = checkout::ask(&app, found).await;
    let order = match asked {
        Ok(asked) => asked.order,
        Err(error) => {
            tracing::warn!(order = %known.id, %error, "order_not_refreshed");
            known
        }
    };
    Ok(Json((&order).into()))
}
