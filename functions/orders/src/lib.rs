//! `/orders`: buyers order products and pay them at the payment provider. Keeps its own copy of what is for sale, fed by
//! events.
//!
//! Only the provider's word makes an order paid: a signed webhook, or its answer to a question. All words are applied by one
//! function ([`settle`]), in any order and any number of times.

mod cancel;
mod checkout;
mod create;
mod event;
mod list;
mod problems;
mod provider;
mod reconcile;
mod refund;
mod settle;
mod show;
mod view;
mod webhook;

use std::process::ExitCode;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use domain::{Clock, OrderId};
use http_api::{
    BatchResponse, Deadline, ExportSection, ExportUserRequest, InitError, Problem, Tokens,
};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use store::{Idempotency, Offers, OrderRecord, Orders};

use self::provider::Provider;

#[derive(Clone)]
struct App {
    orders: Orders,
    offers: Offers,
    idempotency: Idempotency,
    provider: Provider,
    tokens: Tokens,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(app: &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    create::create,
    list::list,
    show::show,
    cancel::cancel,
    webhook::receive,
    refund::refund
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::serve(async |env, clock| {
        let app = app(env, clock)?;
        app.tokens.warm_up().await;
        let routes = routes(app.clone());
        Ok((routes, async move |event, deadline| {
            handle(&app, &event, deadline).await
        }))
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        orders: Orders::from_env(env, &client)?,
        offers: Offers::from_env(env, &client)?,
        idempotency: Idempotency::from_env(env, &client)?,
        provider: Provider::from_env(env, &aws, clock.clone())?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    })
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/orders", get(list::list).post(create::create))
        .route("/orders/{id}", get(show::show))
        .route("/orders/{id}/cancel", post(cancel::cancel))
        .route("/payments/stripe", post(webhook::receive))
        .route("/admin/orders/{id}/refund", post(refund::refund))
        .with_state(app)
}

/// Handles a batch of the queue, the schedule's event, or the question what is kept about a user.
async fn handle(app: &App, event: &Value, deadline: Deadline) -> Result<Value, Error> {
    if let Some(question) = ExportUserRequest::of_event(event)? {
        return answer(app, &question).await;
    }
    if http_api::is_batch(event) {
        let apply = async |event| event::apply(app, &event).await;
        return Ok(serde_json::to_value(http_api::consume(event, apply).await)?);
    }
    match event["source"].as_str() {
        Some("aws.events" | "aws.scheduler") => reconcile::reconcile(app, deadline).await?,
        // No rule sends it.
        source => return Err(format!("unexpected event: {source:?}").into()),
    }
    Ok(serde_json::to_value(BatchResponse::default())?)
}

/// Answers which orders of a user are kept.
async fn answer(app: &App, question: &ExportUserRequest) -> Result<Value, Error> {
    let Some(page) = question.page() else {
        return Ok(Value::Null);
    };
    let orders = match question.section {
        ExportSection::Orders => list::list_own(app, question.user_id, page).await?,
        ExportSection::Sales => list::list_sales(app, question.user_id, page).await?,
        other => return Err(format!("orders have no {other:?}").into()),
    };
    Ok(serde_json::to_value(orders)?)
}

impl App {
    /// Finds an order of the caller. Another buyer's is not found.
    async fn find(&self, caller: &auth::Caller, id: &str) -> Result<OrderRecord, Problem> {
        let id = OrderId::parse(id).map_err(|_| Problem::not_found())?;
        let found = self.orders.find(id).await?;
        let own = found.filter(|found| found.order.buyer == caller.user_id);
        own.ok_or_else(Problem::not_found)
    }
}
