//! Lambda's own API, as far as it invokes functions.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    routing::post,
};
use bytes::Bytes;
use domain::Clock;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use uuid::Uuid;

use crate::{
    events::Bus,
    front::trace_id,
    function::{Failure, Pool},
    iam::Principals,
};

/// The largest event of an invocation.
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// The functions, as Lambda's API shows them.
pub(crate) struct Lambda {
    pub(crate) functions: BTreeMap<String, Arc<Pool>>,
    pub(crate) bus: Bus,
    pub(crate) principals: Arc<Principals>,
    pub(crate) clock: Clock,
}

/// An error of the API, not of a function.
struct Refusal(StatusCode, &'static str, String);

impl Lambda {
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(handle))
            .with_state(Arc::new(self))
    }

    /// The function with this name, logical id or ARN.
    fn find(&self, name: &str) -> Option<&Arc<Pool>> {
        self.functions.values().find(|pool| {
            let function = pool.function();
            [&function.name, &function.logical_id, &function.arn]
                .into_iter()
                .any(|own| own == name)
        })
    }

    async fn invoke(&self, name: &str, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        let event = read(body).await?;
        let now = self.clock.now();
        let caller = self
            .principals
            .authenticate("lambda", (&parts, &event), now)
            .map_err(|error| Refusal(StatusCode::FORBIDDEN, error.code(), error.to_string()))?;
        let pool = self.find(name).ok_or_else(|| {
            let message = format!("Function not found: {name}");
            Refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        })?;
        caller
            .check("lambda:InvokeFunction", &pool.function().arn)
            .map_err(|error| {
                let denied = "AccessDeniedException";
                Refusal(StatusCode::FORBIDDEN, denied, error.to_string())
            })?;
        let event = json_of(event)?;
        match parts
            .headers
            .get("x-amz-invocation-type")
            .map(HeaderValue::as_bytes)
        {
            None | Some(b"RequestResponse") => Ok(self.wait_for(pool, event).await),
            Some(b"Event") => {
                self.bus.deliver(Arc::clone(pool), event);
                Ok(answer(StatusCode::ACCEPTED, Bytes::new()))
            }
            Some(b"DryRun") => Ok(answer(StatusCode::NO_CONTENT, Bytes::new())),
            Some(_) => Err(Refusal(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "The invocation type is none of RequestResponse, Event and DryRun.".to_owned(),
            )),
        }
    }

    async fn wait_for(&self, pool: &Pool, event: Bytes) -> Response<Body> {
        let id = Uuid::new_v4().to_string();
        let invoked = pool.invoke(&id, &trace_id(&self.clock), event).await;
        let mut response = match invoked.result {
            Ok(body) => answer(StatusCode::OK, body),
            Err(failure) => {
                let mut response = answer(StatusCode::OK, Bytes::from(describe(&failure, &id)));
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
        response
    }
}

async fn handle(
    State(lambda): State<Arc<Lambda>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let Refusal(status, kind, message) = match lambda.invoke(&name, request).await {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    let body = json!({"Type": "User", "Message": message}).to_string();
    let mut response = answer(status, Bytes::from(body));
    response.headers_mut().insert(
        HeaderName::from_static("x-amzn-errortype"),
        HeaderValue::from_static(kind),
    );
    response
}

/// Reads the whole body.
async fn read(body: Body) -> Result<Bytes, Refusal> {
    match Limited::new(body, MAX_EVENT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!(
                "Request must be smaller than {MAX_EVENT} bytes for the InvokeFunction operation"
            ),
        )),
        Err(error) => Err(not_json(&error.to_string())),
    }
}

/// The event, which is JSON; nothing is an empty object.
fn json_of(body: Bytes) -> Result<Bytes, Refusal> {
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(not_json(&error.to_string())),
    }
}

fn not_json(why: &str) -> Refusal {
    Refusal(
        StatusCode::BAD_REQUEST,
        "InvalidRequestContentException",
        format!("Could not parse request body into json: {why}"),
    )
}

/// What Lambda answers in place of a function that failed.
fn describe(failure: &Failure, id: &str) -> String {
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
        Failure::Busy | Failure::Stopped | Failure::Crashed(_) => json!({
            "errorType": "Runtime.ExitError",
            "errorMessage": format!("RequestId: {id} Error: {failure}"),
        }),
    };
    body.to_string()
}

fn answer(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = Uuid::new_v4().to_string().parse() {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
