use auth::Caller;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use domain::{
    Order, OrderId, OrderStatus, ProductId,
    order::{Dispute, Offer},
};
use http::{StatusCode, header};
use http_api::{
    Authenticated, Fields, FromFields, IdempotencyKey, IdempotentRequest, JsonBody, Problem,
    ProblemDocument, text,
};
use store::{NewRecord, OrderRecord, Placement};
use utoipa::ToSchema;

use crate::{
    App, checkout,
    problems::{ALREADY_PURCHASED, DISPUTE_OPEN, OWN_PRODUCT, PAYMENTS_NOT_CONFIGURED},
    view::CreateOrderResponse,
};

/// The product to order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreateOrderRequest {
    /// The product.
    #[schema(value_type = String, format = "uuid")]
    product_id: ProductId,
}

impl FromFields for CreateOrderRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let product_id = fields.required("productId", text(ProductId::parse));
        Some(Self {
            product_id: product_id?,
        })
    }
}

/// Order a product.
///
/// The order has the price of this moment. Send the buyer to `checkout.url`; the product is in the library when the provider
/// has confirmed the payment. A free product has no checkout. If the caller has a pending order of the product, the response
/// contains that order. After a 503, the same request continues with the same order.
#[utoipa::path(
    post,
    path = "/orders",
    operation_id = "createOrder",
    tag = "orders",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    request_body = CreateOrderRequest,
    responses(
        (status = 201, description = "the product is ordered", body = CreateOrderResponse,
            headers(("Location" = String, description = "the path of the order"))),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: the product is not for sale"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`already_purchased`, `dispute_open`, `own_product`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_id`, `required`, `wrong_type`, `unknown_field`), \
                `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "`payments_not_configured`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(request): JsonBody<CreateOrderRequest>,
) -> Result<Response, Problem> {
    let product = request.product_id;
    let fields = [product.to_string()];
    let fields = [Some(fields[0].as_str())];
    let idempotent = IdempotentRequest::new(caller.user_id, "POST /orders", key, &fields);
    if let Some(record) = repeated(&app, idempotent.as_ref()).await? {
        let url = checkout::url(&app, &record).await?;
        return respond(&app, &record, url).await;
    }
    // A pending order whose checkout turns out to be over is followed by another one.
    loop {
        let record = place(&app, &caller, product, idempotent.as_ref()).await?;
        let url = checkout::url(&app, &record).await?;
        if url.is_some() || record.order.status() != OrderStatus::Pending {
            return respond(&app, &record, url).await;
        }
        let now = app.orders.find(record.order.id).await?;
        match now {
            // Its payment is on its way, so there is no page.
            Some(now) if now.order.blocks_another() => return respond(&app, &now, None).await,
            _ => {}
        }
    }
}

/// Returns the order of an earlier request with this key.
async fn repeated(
    app: &App,
    idempotent: Option<&IdempotentRequest>,
) -> Result<Option<OrderRecord>, Problem> {
    let Some(idempotent) = idempotent else {
        return Ok(None);
    };
    let Some(id) = idempotent
        .find_body(&app.idempotency, app.clock.now())
        .await?
    else {
        return Ok(None);
    };
    let id = OrderId::parse(&id).map_err(|error| Problem::internal(&error.code))?;
    Ok(app.orders.find(id).await?)
}

/// Places an order, or returns the pending one.
async fn place(
    app: &App,
    caller: &Caller,
    product: ProductId,
    idempotent: Option<&IdempotentRequest>,
) -> Result<OrderRecord, Problem> {
    loop {
        let newest = app.orders.newest(caller.user_id, product).await?;
        if let Some(newest) = &newest
            && newest.order.blocks_another()
        {
            return pending(app, newest, idempotent).await;
        }
        let offer = offer(app, caller, product).await?;
        let now = app.clock.now();
        let order = Order::place(OrderId::new(now), caller.user_id, offer, now);
        let record = idempotent.map(|request| request.record(&order.id.to_string()));
        let record = record.as_ref().map(|record| NewRecord {
            idempotency: &app.idempotency,
            record,
        });
        let before = newest.map(|newest| newest.order.id);
        match app.orders.place(&order, before, record).await? {
            Placement::Placed => {
                return Ok(OrderRecord {
                    order,
                    checkout: None,
                    payment: None,
                });
            }
            Placement::OrderedMeanwhile => {}
            Placement::BuyerErased => return Err(Problem::session_ended()),
            Placement::Repeated => {
                let first = repeated(app, idempotent).await?;
                return first.ok_or_else(IdempotencyKey::in_progress);
            }
        }
    }
}

/// Answers with the order that keeps the caller from ordering again, if it is pending.
async fn pending(
    app: &App,
    newest: &OrderRecord,
    idempotent: Option<&IdempotentRequest>,
) -> Result<OrderRecord, Problem> {
    let order = &newest.order;
    match order.status() {
        OrderStatus::Pending => {
            if let Some(request) = idempotent {
                let record = request.record(&order.id.to_string());
                app.idempotency.keep(&record, app.clock.now()).await?;
            }
            Ok(newest.clone())
        }
        _ if order.facts.dispute() == Dispute::Open => Err(DISPUTE_OPEN),
        _ => Err(ALREADY_PURCHASED),
    }
}

async fn offer(app: &App, caller: &Caller, product: ProductId) -> Result<Offer, Problem> {
    let copy = app.offers.find(product).await?;
    let copy = copy.filter(|copy| copy.is_for_sale);
    let offer = copy.ok_or_else(Problem::not_found)?.offer;
    if offer.seller == caller.user_id {
        return Err(OWN_PRODUCT);
    }
    if !offer.price.is_free() && !app.provider.has_page() {
        return Err(PAYMENTS_NOT_CONFIGURED);
    }
    Ok(offer)
}

async fn respond(
    app: &App,
    record: &OrderRecord,
    url: Option<String>,
) -> Result<Response, Problem> {
    // The question to the provider may have ended the order.
    let now = match url {
        None if record.order.status() == OrderStatus::Pending => {
            app.orders.find(record.order.id).await?
        }
        _ => None,
    };
    let order = now.map_or_else(|| record.order.clone(), |now| now.order);
    let location = [(header::LOCATION, format!("/orders/{}", order.id))];
    let body = CreateOrderResponse::new(&order, url);
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}
