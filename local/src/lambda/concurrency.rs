//! The reserved concurrency of a function. 0 throttles all its invocations, as an operator does to stop a function.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html>

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, State},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{ApiError, Lambda, response};

pub(super) async fn put(
    State(lambda): State<Arc<Lambda>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let done = lambda.reserve(&name, request).await;
    done.unwrap_or_else(ApiError::into_response)
}

pub(super) async fn delete(
    State(lambda): State<Arc<Lambda>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    let done = lambda.release(&name, request).await;
    done.unwrap_or_else(ApiError::into_response)
}

impl Lambda {
    async fn reserve(
        &self,
        name: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let (parts, body) = request.into_parts();
        let action = "lambda:PutFunctionConcurrency";
        let (pool, body) = self.authorize(name, action, (&parts, body)).await?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        // A number of instances would limit nothing here: each function has few.
        if body["ReservedConcurrentExecutions"] != 0 {
            return Err(ApiError(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                "The local system supports the value 0 of ReservedConcurrentExecutions only."
                    .to_owned(),
            ));
        }
        pool.throttle(true);
        let body = json!({"ReservedConcurrentExecutions": 0}).to_string();
        Ok(response(StatusCode::OK, Bytes::from(body)))
    }

    async fn release(
        &self,
        name: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let (parts, body) = request.into_parts();
        let action = "lambda:DeleteFunctionConcurrency";
        let (pool, _) = self.authorize(name, action, (&parts, body)).await?;
        pool.throttle(false);
        Ok(response(StatusCode::NO_CONTENT, Bytes::new()))
    }
}
