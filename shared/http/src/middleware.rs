use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use domain::Clock;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{self, HeaderName},
};
use lambda_http::RequestExt as _;

use crate::{
    Gateway, Problem, deadline,
    rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY},
    request_log::{RequestLine, RequestLog, UserSlot},
};

/// Headers of every response: never framed or sniffed, and not cached unless a route says so.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Headers that a response keeps when a problem document replaces it.
const KEPT: [HeaderName; 3] = [header::ALLOW, RATE_LIMIT, RATE_LIMIT_POLICY];

/// Adds what all routes share: a timeout at the deadline, problem documents, the request id, the security headers and
/// the log line.
pub fn with_middleware(router: Router, clock: Clock, log: RequestLog) -> Router {
    router.layer(from_fn_with_state((clock, log), respond))
}

async fn respond(
    State((clock, log)): State<(Clock, RequestLog)>,
    mut request: Request,
    next: Next,
) -> Response {
    let gateway = Gateway::of(request.extensions());
    let user = UserSlot::default();
    request.extensions_mut().insert(user.clone());
    let started = clock.now();
    let response = match deadline::budget(request.extensions(), &clock) {
        _ if is_ambiguous(request.raw_http_path()) => Problem::not_found().into_response(),
        Some(budget) => tokio::time::timeout(budget, next.run(request))
            .await
            .unwrap_or_else(|_| {
                tracing::error!(request_id = gateway.request_id, "deadline_exceeded");
                Problem::unavailable().into_response()
            }),
        None => next.run(request).await,
    };
    let response = with_standard_headers(response, &gateway.request_id);
    let line = RequestLine {
        id: &gateway.request_id,
        route: &gateway.route,
        status: response.status().as_u16(),
        user: user.get(),
        calls: 0,
    };
    log.request(&clock, clock.milliseconds_since(started), line);
    response
}

/// Returns whether a path could be read as another one than API Gateway routed by.
///
/// API Gateway routes by the path as it was sent and passes it on decoded. Parsed as a URL again, `/users/../users`, a
/// trailing space or a question mark would change the path, and characters that are still encoded would be decoded twice.
fn is_ambiguous(path: &str) -> bool {
    path.contains(|c: char| c.is_control() || matches!(c, '%' | '?' | '#'))
        || path.trim() != path
        || path
            .split(['/', '\\'])
            .any(|segment| segment == "." || segment == "..")
}

fn with_standard_headers(mut response: Response, request_id: &str) -> Response {
    if let Some(problem) = problem_of(&mut response) {
        let mut found = std::mem::take(response.headers_mut());
        response = problem.render(request_id);
        for name in KEPT {
            let value = found.remove(&name).map(|value| (name, value));
            response.headers_mut().extend(value);
        }
    }
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    headers.extend(
        HeaderValue::try_from(request_id)
            .ok()
            .map(|id| (X_REQUEST_ID, id)),
    );
    response
}

/// Returns the problem of a handler, or the one for an unknown path or method, which the router found.
fn problem_of(response: &mut Response) -> Option<Problem> {
    response
        .extensions_mut()
        .remove::<Problem>()
        .or_else(|| match response.status() {
            StatusCode::NOT_FOUND => Some(Problem::not_found()),
            StatusCode::METHOD_NOT_ALLOWED => Some(Problem::method_not_allowed()),
            _ => None,
        })
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
