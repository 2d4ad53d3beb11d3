//! The Lambda API engine, with the operations `Invoke`, `PutFunctionConcurrency` and `DeleteFunctionConcurrency`.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

mod concurrency;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    routing::{post, put},
};
use bytes::Bytes;
use clock::Clock;
use http::{
    HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE, request::Parts,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use uuid::Uuid;

use crate::{
    events::Bus,
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
};

/// The maximum size of an event.
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// The Lambda API.
pub(crate) struct Lambda {
    pub(crate) functions: BTreeMap<String, Arc<Pool>>,
    pub(crate) bus: Bus,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
}

/// An error of the API, not of a function: status, error type and message.
struct ApiError(StatusCode, &'static str, String);

impl Lambda {
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(handle))
            .route(
                "/2017-10-31/functions/{name}/concurrency",
                put(concurrency::put).delete(concurrency::delete),
            )
            .with_state(Arc::new(self))
    }

    /// Finds a function by its name, logical id or ARN, with or without an alias. Returns the ARN that permissions are for:
    /// with the alias, if the caller names one.
    fn find(&self, name: &str) -> Option<(&Arc<Pool>, String)> {
        self.functions.values().find_map(|pool| {
            let function = pool.function();
            [&function.name, &function.logical_id, &function.arn]
                .into_iter()
                .find_map(|own| match name.strip_prefix(own.as_str())? {
                    "" => Some(function.arn.clone()),
                    alias if alias.starts_with(':') => Some(format!("{}{alias}", function.arn)),
                    _ => None,
                })
                .map(|arn| (pool, arn))
        })
    }

    /// Finds the function of a request whose caller may perform this action on it. Returns it with the request's body.
    async fn authorize(
        &self,
        name: &str,
        action: &str,
        (parts, body): (&Parts, Body),
    ) -> Result<(&Arc<Pool>, Bytes), ApiError> {
        let body = read(body).await?;
        let now = self.clock.now();
        let caller = self
            .principals
            .authenticate("lambda", (parts, &body), now)
            .map_err(|error| ApiError(StatusCode::FORBIDDEN, error.code(), error.to_string()))?;
        let (pool, arn) = self.find(name).ok_or_else(|| {
            let message = format!("Function not found: {name}");
            ApiError(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        })?;
        caller.check(action, &arn).map_err(|error| {
            let denied = "AccessDeniedException";
            ApiError(StatusCode::FORBIDDEN, denied, error.to_string())
        })?;
        Ok((pool, body))
    }

    async fn invoke(&self, name: &str, request: Request<Body>) -> Result<Response<Body>, ApiError> {
        let (parts, body) = request.into_parts();
        let (pool, event) = self
            .authorize(name, "lambda:InvokeFunction", (&parts, body))
            .await?;
        let event = parse_event(event)?;
        match parts
            .headers
            .get("x-amz-invocation-type")
            .map(HeaderValue::as_bytes)
        {
            None | Some(b"RequestResponse") => self.invoke_and_wait(pool, event).await,
            Some(b"Event") => {
                self.bus.deliver(Arc::clone(pool), event);
                Ok(response(StatusCode::ACCEPTED, Bytes::new()))
            }
            Some(b"DryRun") => Ok(response(StatusCode::NO_CONTENT, Bytes::new())),
            Some(_) => Err(ApiError(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "The invocation type must be RequestResponse, Event or DryRun.".to_owned(),
            )),
        }
    }

    async fn invoke_and_wait(&self, pool: &Pool, event: Bytes) -> Result<Response<Body>, ApiError> {
        let id = Uuid::new_v4().to_string();
        let invoked = pool.invoke(&id, &trace_id(&self.clock), event).await;
        let mut response = match invoked.result {
            Ok(body) => response(StatusCode::OK, body),
            Err(Failure::Throttled) => {
                let (status, kind) = (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException");
                return Err(ApiError(status, kind, "Rate Exceeded.".to_owned()));
            }
            Err(failure) => {
                let mut response = response(StatusCode::OK, Bytes::from(describe(&failure, &id)));
                response.headers_mut().insert(
                    HeaderName::from_static("x-amz-function-error"),
                    HeaderValue::from_static("Unhandled"),
                );
                response
            }
        };
        response.headers_mut().insert(
            HeaderName::from_static("x-amz-executed-version"),
            HeaderValue::from_static("$LATEST"),
        );
        Ok(response)
    }
}

async fn handle(
    State(lambda): State<Arc<Lambda>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    lambda
        .invoke(&name, request)
        .await
        .unwrap_or_else(ApiError::into_response)
}

impl ApiError {
    fn into_response(self) -> Response<Body> {
        let Self(status, kind, message) = self;
        error_response(status, kind, &message)
    }
}

fn error_response(status: StatusCode, kind: &'static str, message: &str) -> Response<Body> {
    let body = json!({"Type": "User", "Message": message}).to_string();
    let mut response = response(status, Bytes::from(body));
    response.headers_mut().insert(
        HeaderName::from_static("x-amzn-errortype"),
        HeaderValue::from_static(kind),
    );
    response
}

/// Reads the whole body.
async fn read(body: Body) -> Result<Bytes, ApiError> {
    match Limited::new(body, MAX_EVENT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!(
                "Request must be smaller than {MAX_EVENT} bytes for the InvokeFunction operation"
            ),
        )),
        Err(error) => Err(not_json(&error.to_string())),
    }
}

/// Checks that the event is JSON. An empty body is an empty object.
fn parse_event(body: Bytes) -> Result<Bytes, ApiError> {
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(not_json(&error.to_string())),
    }
}

fn not_json(why: &str) -> ApiError {
    ApiError(
        StatusCode::BAD_REQUEST,
        "InvalidRequestContentException",
        format!("Could not parse request body into json: {why}"),
    )
}

/// Describes a failed invocation as Lambda does.
pub(crate) fn describe(failure: &Failure, id: &str) -> String {
    let body = match failure {
        Failure::Reported(report) => match report.split_once(": ") {
            Some((kind, message)) => json!({"errorType": kind, "errorMessage": message}),
            None => json!({"errorMessage": report}),
        },
        Failure::TimedOut(limit) => json!({
            "errorType": "Sandbox.Timedout",
            "errorMessage": format!(
                "RequestId: {id} Error: Task timed out after {:.2} seconds",
                limit.as_secs_f64()
            ),
        }),
        Failure::TooLarge => json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": failure.to_string(),
        }),
        Failure::Busy | Failure::Throttled | Failure::Stopped | Failure::Crashed(_) => json!({
            "errorType": "Runtime.ExitError",
            "errorMessage": format!("RequestId: {id} Error: {failure}"),
        }),
    };
    body.to_string()
}

fn response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = Uuid::new_v4().to_string().parse() {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
