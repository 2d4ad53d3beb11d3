//! Converts a function's response to an HTTP response as API Gateway does.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use axum::body::Body;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{self, CONTENT_TYPE, SET_COOKIE},
};
use serde_json::{Value, json};

use crate::function::Failure;

/// Headers that the gateway sets itself.
const OWN_HEADERS: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
];

/// Builds the HTTP response for a function's response.
pub(crate) fn response(payload: &Bytes) -> Response<Body> {
    parse(payload).unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Builds the HTTP response for a failed invocation.
pub(crate) fn failure(failure: &Failure, request_id: &str) -> Response<Body> {
    match failure {
        Failure::Busy | Failure::Throttled | Failure::Stopped | Failure::TimedOut(_) => {
            message(StatusCode::SERVICE_UNAVAILABLE)
        }
        Failure::TooLarge => message(StatusCode::INTERNAL_SERVER_ERROR),
        Failure::Crashed(_) | Failure::Reported(_) => crashed(request_id),
    }
}

/// Builds one of the gateway's own errors: JSON with a `message`.
pub(crate) fn message(status: StatusCode) -> Response<Body> {
    let text = match status {
        // API Gateway uses its own text for this status.
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        status => status.canonical_reason().unwrap_or_default(),
    };
    json_response(status, "application/json", &json!({ "message": text }))
}

/// Builds the response for a crashed function. API Gateway only sends `Internal Server Error`; this response points to
/// the log.
fn crashed(request_id: &str) -> Response<Body> {
    let detail = "The function exited before it responded. Check its log for the cause.";
    let problem = json!({
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
        "detail": detail,
        "instance": request_id,
        "code": "function_crashed",
        "message": detail,
    });
    json_response(
        StatusCode::BAD_GATEWAY,
        "application/problem+json",
        &problem,
    )
}

fn json_response(status: StatusCode, content_type: &'static str, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Parses a function's response. `None` when it is not a valid HTTP response.
fn parse(payload: &Bytes) -> Option<Response<Body>> {
    let json: Value = serde_json::from_slice(payload).ok()?;
    if json["statusCode"].is_null() {
        return Some(inferred(payload, &json));
    }
    let status = match &json["statusCode"] {
        Value::String(status) => status.parse().ok()?,
        status => u16::try_from(status.as_u64()?).ok()?,
    };
    let mut response = Response::new(body(&json)?);
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers(&json)?;
    Some(response)
}

/// Infers a 200 response: in format 2.0, a response without a status code is itself the body.
fn inferred(payload: &Bytes, json: &Value) -> Response<Body> {
    let body = match json {
        Value::String(text) => Body::from(text.clone()),
        _ => Body::from(payload.clone()),
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn body(json: &Value) -> Option<Body> {
    let text = match &json["body"] {
        Value::Null => return Some(Body::empty()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if json["isBase64Encoded"] == true {
        return Some(Body::from(BASE64_STANDARD.decode(text).ok()?));
    }
    Some(Body::from(text))
}

fn headers(json: &Value) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in json["headers"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse().ok()?;
        if !OWN_HEADERS.contains(&name) {
            headers.insert(name, text(value).parse().ok()?);
        }
    }
    for cookie in json["cookies"].as_array().into_iter().flatten() {
        headers.append(SET_COOKIE, text(cookie).parse().ok()?);
    }
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    Some(headers)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn converted(payload: &'static str) -> (u16, HeaderMap, String) {
        let response = response(&Bytes::from_static(payload.as_bytes()));
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        (parts.status.as_u16(), parts.headers, body)
    }

    #[tokio::test]
    async fn a_structured_response_is_converted() {
        let (status, headers, body) = converted(
            r#"{"statusCode": 201, "headers": {"Location": "/users/1", "Content-Length": "99", "x": 1},
                "cookies": ["a=b", "c=d; Secure"], "body": "e30=", "isBase64Encoded": true}"#,
        )
        .await;
        assert_eq!((status, body.as_str()), (201, "{}"));
        assert_eq!(headers["location"], "/users/1");
        assert_eq!(headers["x"], "1");
        assert!(!headers.contains_key("content-length"));
        let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=b", "c=d; Secure"]);
    }

    #[tokio::test]
    async fn another_json_value_is_the_body() {
        let (status, headers, body) = converted(r#"{"hello": "world"}"#).await;
        assert_eq!((status, body.as_str()), (200, r#"{"hello": "world"}"#));
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert_eq!(converted(r#""hello""#).await.2, "hello");
    }

    #[tokio::test]
    async fn an_invalid_response_is_a_500() {
        for payload in [
            "not json",
            r#"{"statusCode": 99}"#,
            r#"{"statusCode": "many"}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "body": "?", "isBase64Encoded": true}"#,
        ] {
            let (status, _, body) = converted(payload).await;
            assert_eq!(status, 500, "{payload}");
            assert_eq!(body, r#"{"message":"Internal Server Error"}"#);
        }
    }
}
