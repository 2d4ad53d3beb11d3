//! The Lambda Runtime API of one instance.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use super::invocation::{Failure, Invocation, MAX_RESPONSE};
use crate::{guard::Guard, locks::lock, serve::Prompt};

/// The Runtime API server of one instance. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    url: SecretString,
    invocations: mpsc::Sender<Invocation>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    function_arn: String,
    queue: AsyncMutex<mpsc::Receiver<Invocation>>,
    running: Mutex<Option<Running>>,
    /// True once the instance has asked for its first invocation.
    ready: watch::Sender<bool>,
    init_error: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Running {
    request_id: String,
    reply: oneshot::Sender<Result<Bytes, Failure>>,
}

impl RuntimeApi {
    /// Starts a server on a free port for an instance of the function with this ARN.
    pub(crate) async fn start(function_arn: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        // On Lambda only the instance can reach this API. Here any program or web page on this machine could, so the
        // path has a random part that only the instance receives.
        let secret = format!("/{}", Uuid::new_v4().simple());
        let url = format!("http://{}{secret}", listener.local_addr()?);
        let (invocations, queue) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            function_arn: function_arn.to_owned(),
            queue: AsyncMutex::new(queue),
            running: Mutex::new(None),
            ready: watch::Sender::new(false),
            init_error: Mutex::new(None),
        });
        let server = serve(listener, &secret, Arc::clone(&shared));
        Ok(Self {
            url: url.into(),
            invocations,
            shared,
            server,
        })
    }

    /// Returns the value of `AWS_LAMBDA_RUNTIME_API` for the instance.
    pub(crate) fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Waits until the instance has initialised.
    pub(crate) async fn ready(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.shared.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Hands an invocation to the instance.
    pub(crate) async fn send(&self, invocation: Invocation) {
        // The receiver lives as long as `self`, so sending cannot fail.
        let _ = self.invocations.send(invocation).await;
    }

    /// Whether the instance has received an invocation and not yet responded.
    pub(crate) fn is_running(&self) -> bool {
        lock(&self.shared.running).is_some()
    }

    /// Returns the error that the instance reported during initialisation.
    pub(crate) fn init_error(&self) -> Option<String> {
        lock(&self.shared.init_error).clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn serve(listener: TcpListener, secret: &str, shared: Arc<Shared>) -> JoinHandle<()> {
    let api = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{request_id}/response",
            post(response),
        )
        .route(
            "/2018-06-01/runtime/invocation/{request_id}/error",
            post(error),
        )
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(shared);
    let router = Guard::default().engine(Router::new().nest(secret, api));
    tokio::spawn(async move {
        // Serving ends with the task.
        let _ = axum::serve(Prompt(listener), router).await;
    })
}

async fn next(State(shared): State<Arc<Shared>>) -> Response<Body> {
    shared.ready.send_replace(true);
    let invocation = shared.queue.lock().await.recv().await;
    let Some(invocation) = invocation else {
        return refusal(StatusCode::GONE, "InstanceEnded");
    };
    let mut response = Response::new(Body::from(invocation.event));
    let deadline = invocation.deadline_ms.to_string();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &invocation.request_id),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", &shared.function_arn),
        ("lambda-runtime-trace-id", &invocation.trace_id),
        ("content-type", &"application/json".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    *lock(&shared.running) = Some(Running {
        request_id: invocation.request_id,
        reply: invocation.reply,
    });
    response
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: Body,
) -> Response<Body> {
    match Limited::new(body, MAX_RESPONSE).collect().await {
        Ok(body) => finish(&shared, &request_id, Ok(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            finish(&shared, &request_id, Err(Failure::TooLarge));
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
        }
        // The instance exited while it responded; `Instance::invoke` notices that.
        Err(_) => refusal(StatusCode::BAD_REQUEST, "InvalidRequest"),
    }
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: Body,
) -> Response<Body> {
    let failure = Failure::Reported(error_message(body).await);
    finish(&shared, &request_id, Err(failure))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Body) -> Response<Body> {
    let message = error_message(body).await;
    *lock(&shared.init_error) = Some(message);
    accepted()
}

/// Forwards the instance's response or error, if it belongs to the running invocation.
fn finish(shared: &Shared, request_id: &str, result: Result<Bytes, Failure>) -> Response<Body> {
    let running = lock(&shared.running).take_if(|running| running.request_id == request_id);
    match running {
        Some(running) => {
            // After a timeout the receiver is gone.
            let _ = running.reply.send(result);
            accepted()
        }
        None => refusal(StatusCode::BAD_REQUEST, "InvalidRequestID"),
    }
}

/// Reads `{"errorType", "errorMessage"}` as one line.
async fn error_message(body: Body) -> String {
    let Ok(body) = Limited::new(body, MAX_RESPONSE).collect().await else {
        return "the error could not be read".to_owned();
    };
    let error: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    format!("{}: {}", text("errorType"), text("errorMessage"))
}

fn accepted() -> Response<Body> {
    json_response(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn refusal(status: StatusCode, error_type: &str) -> Response<Body> {
    let body = json!({"errorType": error_type, "errorMessage": error_type});
    json_response(status, &body)
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
