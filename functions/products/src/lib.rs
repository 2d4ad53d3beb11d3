//! `/products`: what sellers offer, and what anyone can see of it.

mod archive;
mod change;
mod create;
mod event;
mod list;
mod problems;
mod publish;
mod request;
mod seller;
mod show;
mod update;
mod uploads;
mod view;

use std::process::ExitCode;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use domain::Clock;
use http_api::{ExportUserRequest, InitError, Tokens};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use store::{Idempotency, Products};

use self::uploads::UploadService;

#[derive(Clone)]
struct App {
    products: Products,
    idempotency: Idempotency,
    uploads: UploadService,
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
    list::list,
    show::show,
    create::create,
    update::update,
    publish::publish,
    archive::archive
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::serve(async |env, clock| {
        let app = app(env, clock)?;
        app.tokens.warm_up().await;
        let routes = routes(app.clone());
        Ok((routes, async move |event, _| handle(&app, &event).await))
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        products: Products::from_env(env, &client)?,
        idempotency: Idempotency::from_env(env, &client)?,
        uploads: UploadService::from_env(env, &aws)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    })
}

/// Handles the messages of the queue, or the question what is kept about a user.
async fn handle(app: &App, event: &Value) -> Result<Value, Error> {
    if let Some(question) = ExportUserRequest::of_event(event)? {
        let Some(page) = question.page() else {
            return Ok(Value::Null);
        };
        let products = list::list_own(app, question.user_id, page).await?;
        return Ok(serde_json::to_value(products)?);
    }
    let apply = async |event| event::apply(app, &event).await;
    Ok(serde_json::to_value(http_api::consume(event, apply).await)?)
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/products", get(list::list).post(create::create))
        .route("/products/{id}", get(show::show).patch(update::update))
        .route("/products/{id}/publish", post(publish::publish))
        .route("/products/{id}/archive", post(archive::archive))
        .with_state(app)
}
