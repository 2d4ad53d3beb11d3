//! `/library`: the products that a user has a right to. Keeps its own copy of rights and of products, fed by events.

mod entry;
mod event;
mod export;
mod gift;
mod list;
mod show;

use std::process::ExitCode;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, put},
};
use domain::Clock;
use http_api::{ExportUserRequest, InitError, Tokens};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use store::{Entitlements, ProductTitles};

#[derive(Clone)]
struct App {
    entitlements: Entitlements,
    titles: ProductTitles,
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
#[openapi(paths(list::list, show::show, gift::give, gift::take_back))]
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
        entitlements: Entitlements::from_env(env, &client)?,
        titles: ProductTitles::from_env(env, &client)?,
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
        let rights = export::rights(app, question.user_id, page).await?;
        return Ok(serde_json::to_value(rights)?);
    }
    let apply = async |event| event::apply(app, &event).await;
    Ok(serde_json::to_value(http_api::consume(event, apply).await)?)
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/library", get(list::list))
        .route("/library/{productId}", get(show::show))
        .route(
            "/admin/users/{id}/entitlements/{productId}",
            put(gift::give).delete(gift::take_back),
        )
        .with_state(app)
}
