//! `/webhooks`: administrators manage the endpoints that receive events, and see and repeat the deliveries to them.

mod create;
mod delete;
mod deliveries;
mod list;
mod problems;
mod redeliver;
mod request;
mod rotate;
mod show;
mod test;
mod update;
mod view;

use std::process::ExitCode;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use domain::{
    Clock, EndpointId,
    webhook::{Delivery, Endpoint, Reach},
};
use http_api::{InitError, Problem, Tokens};
use settings::Env;
use store::{Idempotency, WebhookDeliveries, WebhookEndpoints};
use webhook_queue::{DeliveryQueue, Due};

#[derive(Clone)]
struct App {
    endpoints: WebhookEndpoints,
    deliveries: WebhookDeliveries,
    idempotency: Idempotency,
    queue: DeliveryQueue,
    tokens: Tokens,
    reach: Reach,
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
    update::update,
    delete::delete,
    rotate::rotate,
    test::test,
    deliveries::list,
    redeliver::redeliver
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let app = App {
        endpoints: WebhookEndpoints::from_env(env, &client)?,
        deliveries: WebhookDeliveries::from_env(env, &client)?,
        idempotency: Idempotency::from_env(env, &client)?,
        queue: DeliveryQueue::from_env(env, &aws)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        reach: webhook_queue::reach(env),
        clock,
    };
    app.tokens.warm_up().await;
    let routes = Router::new()
        .route("/webhooks", post(create::create).get(list::list))
        .route(
            "/webhooks/{id}",
            get(show::show).patch(update::update).delete(delete::delete),
        )
        .route("/webhooks/{id}/rotate-secret", post(rotate::rotate))
        .route("/webhooks/{id}/test", post(test::test))
        .route("/webhooks/{id}/deliveries", get(deliveries::list))
        .route("/webhooks/{id}/redeliver", post(redeliver::redeliver));
    Ok(routes.with_state(app))
}

fn parse_id(id: &str) -> Result<EndpointId, Problem> {
    EndpointId::parse(id).map_err(|_| Problem::not_found())
}

impl App {
    /// Finds an endpoint by the id in a path.
    async fn find(&self, id: &str) -> Result<Endpoint, Problem> {
        let found = self.endpoints.find(parse_id(id)?).await?;
        found.ok_or_else(Problem::not_found)
    }

    /// Orders the attempt of a delivery at once. Without the message, the schedule finds the delivery within two minutes.
    async fn order(&self, delivery: &Delivery) {
        let now = self.clock.now();
        if let Err(error) = self.queue.send(Due::of(delivery), now, now).await {
            tracing::warn!(%error, "message_not_sent");
        }
    }
}
