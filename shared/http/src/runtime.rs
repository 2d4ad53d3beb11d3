use std::process::ExitCode;

use axum::Router;
use domain::Clock;
use lambda_http::{
    Adapter, Context, Error, Service as _,
    lambda_runtime::{self, LambdaEvent, service_fn},
    request::LambdaRequest,
};
use metrics::Metric;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};
use settings::{Env, EnvError};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    deadline::Deadline,
    request_log::{EventLine, RequestLog},
    with_middleware,
};

/// musl's own allocator gives memory back to the kernel between requests and asks for it again, and locks each time.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a function cannot start: a setting is missing or invalid.
pub type InitError = EnvError;

/// Runs a function: reads its settings, builds its routes, and serves invocations until Lambda ends the process.
///
/// One thread: Lambda gives an instance one request at a time, and a thread pool would only cost start-up time.
/// Password hashing goes to a blocking thread of its own.
pub fn main(routes: impl AsyncFnOnce(&Env, Clock) -> Result<Router, InitError>) -> ExitCode {
    start(async |env| {
        let (clock, log) = (Clock::system(), RequestLog::from_env(env)?);
        let service = with_middleware(routes(env, clock.clone()).await?, clock, log);
        metrics::count(Metric::ColdStarts);
        lambda_http::run(service).await
    })
}

/// Runs a function that handles events: `handler` gets each event as JSON, and its deadline. After an error, Lambda
/// delivers the event again, and finally moves it to the dead-letter queue. The response is for Lambda, which reads it for
/// some event sources.
pub fn events<A: Serialize, H: AsyncFn(Value, Deadline) -> Result<A, Error>>(
    make: impl AsyncFnOnce(&Env, Clock) -> Result<H, InitError>,
) -> ExitCode {
    start(async |env| {
        let (clock, log) = (Clock::system(), RequestLog::from_env(env)?);
        let handler = make(env, clock.clone()).await?;
        let (handler, clock, log) = (&handler, &clock, &log);
        metrics::count(Metric::ColdStarts);
        let service = service_fn(async |event: LambdaEvent<Value>| {
            handle_event(handler, event.payload, &event.context, clock, log).await
        });
        lambda_runtime::run(service).await
    })
}

/// Runs a function that serves both requests of the API and other events, such as the messages of a queue. `make` returns
/// its routes, and the handler of all other events, as for [`events`].
pub fn serve<A: Serialize, H: AsyncFn(Value, Deadline) -> Result<A, Error>>(
    make: impl AsyncFnOnce(&Env, Clock) -> Result<(Router, H), InitError>,
) -> ExitCode {
    start(async |env| {
        let (clock, log) = (Clock::system(), RequestLog::from_env(env)?);
        let (routes, handler) = make(env, clock.clone()).await?;
        let api = Adapter::from(with_middleware(routes, clock.clone(), log.clone()));
        let (handler, clock, log) = (&handler, &clock, &log);
        metrics::count(Metric::ColdStarts);
        let service = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let LambdaEvent { payload, context } = event;
            if is_request(payload.get()) {
                let request: LambdaRequest = serde_json::from_str(payload.get())?;
                let response = api.clone().call(LambdaEvent::new(request, context)).await?;
                return Ok::<_, Error>(to_raw_value(&response)?);
            }
            let event = serde_json::from_str(payload.get())?;
            let answer = handle_event(handler, event, &context, clock, log).await?;
            Ok(to_raw_value(&answer)?)
        });
        lambda_runtime::run(service).await
    })
}

/// Whether an event is a request of API Gateway: only those have a `requestContext`.
fn is_request(event: &str) -> bool {
    #[derive(Deserialize)]
    struct Request {
        #[serde(rename = "requestContext")]
        _context: IgnoredAny,
    }
    serde_json::from_str::<Request>(event).is_ok()
}

/// Handles one event and writes its line.
async fn handle_event<A>(
    handler: &impl AsyncFn(Value, Deadline) -> Result<A, Error>,
    event: Value,
    context: &Context,
    clock: &Clock,
    log: &RequestLog,
) -> Result<A, Error> {
    let id = &context.request_id;
    let kind = event_kind(&event);
    let started = clock.now();
    let result = handler(event, Deadline::of_context(context.deadline)).await;
    if let Err(error) = &result {
        tracing::error!(request_id = id, error, "event_failed");
    }
    let line = EventLine {
        id,
        event: &kind,
        ms: clock.milliseconds_since(started),
        failed: result.is_err(),
        calls: 0,
    };
    log.event(clock, line);
    result
}

/// Returns what kind of event this is: the `detail-type` of `EventBridge`, or the service of the first record of a batch.
fn event_kind(event: &Value) -> String {
    let kind = event["detail-type"].as_str();
    let kind = kind.or_else(|| event["Records"][0]["eventSource"].as_str());
    kind.unwrap_or("unknown").to_owned()
}

fn start(run: impl AsyncFnOnce(&Env) -> Result<(), Error>) -> ExitCode {
    let env = Env::of_process();
    start_log(&env);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&env)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "function_stopped");
            ExitCode::FAILURE
        }
    }
}

/// The most verbose log level. Below it, libraries log whole events and requests, with passwords and tokens.
const MOST_VERBOSE: LevelFilter = LevelFilter::INFO;

/// Logs JSON lines on standard output, which Lambda sends to the function's log group.
fn start_log(env: &Env) {
    let level = env
        .get("RUST_LOG")
        .and_then(|level| level.parse().ok())
        .map_or(MOST_VERBOSE, |level: LevelFilter| level.min(MOST_VERBOSE));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_of_api_gateway_are_requests() {
        let sample = include_str!("../../../events/users-list.json");
        assert!(is_request(sample));
        for event in [
            include_str!("../../../events/outbox-insert.json"),
            include_str!("../../../events/object-created.json"),
            r#"{"Records": [{"eventSource": "aws:sqs", "body": "{\"requestContext\": {}}"}]}"#,
            "[]",
        ] {
            assert!(!is_request(event), "{event}");
        }
    }
}
