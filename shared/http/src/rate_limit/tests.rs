//! Rate limits with an in-memory table and a clock that the tests set.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::{UpdateItemError, UpdateItemOutput},
    types::{AttributeValue, error::InternalServerError},
};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use axum::{body::Body, routing::post};
use http::Method;
use lambda_http::{RequestExt as _, request::RequestContext};
use serde_json::json;
use time::{OffsetDateTime, macros::datetime};
use tower::ServiceExt as _;

use super::*;
use crate::{RequestLog, with_middleware};

/// 20 seconds into a minute.
const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:20 UTC);

/// Two routes with a limit of three requests a minute, and what their requests did.
struct Limited {
    app: Router,
    now: Arc<Mutex<OffsetDateTime>>,
    /// Id -> count and expiry.
    counts: Arc<Mutex<BTreeMap<String, (u64, String)>>>,
    /// Requests that were served.
    served: Arc<Mutex<usize>>,
}

impl Limited {
    fn new(is_up: bool) -> Self {
        let counts: Arc<Mutex<BTreeMap<String, (u64, String)>>> = Arc::default();
        let table = Arc::clone(&counts);
        let rule = mock!(Client::update_item).then_compute_response(move |update| {
            if !is_up {
                let down = InternalServerError::builder().build();
                return MockResponse::Error(UpdateItemError::InternalServerError(down));
            }
            assert_eq!(update.table_name(), Some("limits"));
            assert_eq!(
                update.update_expression(),
                Some("SET expires_at = :expires_at ADD #count :one")
            );
            assert_eq!(update.condition_expression(), None);
            let id = update.key().unwrap()["id"].as_s().unwrap().clone();
            let values = update.expression_attribute_values().unwrap();
            let mut counts = table.lock().unwrap();
            let entry = counts.entry(id).or_default();
            entry.0 += 1;
            values[":expires_at"]
                .as_n()
                .unwrap()
                .clone_into(&mut entry.1);
            let count = AttributeValue::N(entry.0.to_string());
            MockResponse::Output(
                UpdateItemOutput::builder()
                    .attributes("count", count)
                    .build(),
            )
        });
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
        let env = Env::from([("LIMITS_TABLE", "limits"), ("REQUESTS_PER_ADDRESS", "3")]);
        let now = Arc::new(Mutex::new(NOW));
        let clock = {
            let now = Arc::clone(&now);
            Clock::from_fn(move || *now.lock().unwrap())
        };
        let limits = Limits::from_env(&env, &client).unwrap();
        let limit = RateLimit::from_env(&env, limits, "policy", clock.clone()).unwrap();
        let served = Arc::new(Mutex::new(0));
        let count = {
            let served = Arc::clone(&served);
            move || *served.lock().unwrap() += 1
        };
        let (one, other) = (count.clone(), count);
        let routes = Router::new()
            .route("/one", post(async move || one()))
            .route(
                "/other",
                post(async move || {
                    other();
                    Err::<(), _>(Problem::unavailable())
                }),
            );
        Self {
            app: with_middleware(limit.guard(routes), clock, RequestLog::discarded()),
            now,
            counts,
            served,
        }
    }

    async fn request(&self, method: Method, path: &str, source_ip: &str) -> Response {
        let context = json!({
            "http": {"method": method.as_str(), "path": path, "sourceIp": source_ip},
            "requestId": "request",
        });
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-forwarded-for", "203.0.113.1")
            .header("forwarded", "for=203.0.113.1")
            .body(Body::empty())
            .unwrap();
        let context = RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
        let request = request.with_request_context(context);
        self.app.clone().oneshot(request).await.unwrap()
    }

    async fn post(&self, path: &str, source_ip: &str) -> Response {
        self.request(Method::POST, path, source_ip).await
    }
}

/// Returns the status, `RateLimit-Policy`, `RateLimit` and `Retry-After`.
fn status_and_limits(response: &Response) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap());
    (
        response.status().as_u16(),
        header("ratelimit-policy"),
        header("ratelimit"),
        header("retry-after"),
    )
}

const POLICY: Option<&str> = Some("\"policy\";q=3;w=60");

#[tokio::test]
async fn requests_over_the_limit_are_refused_until_the_next_minute() {
    let limited = Limited::new(true);
    for (left, seconds) in [("2", 40), ("1", 40), ("0", 40)] {
        let window = format!("\"policy\";r={left};t={seconds}");
        let response = limited.post("/one", "192.0.2.1").await;
        assert_eq!(
            status_and_limits(&response),
            (200, POLICY, Some(window.as_str()), None)
        );
    }
    for seconds in [40, 40, 1] {
        *limited.now.lock().unwrap() = NOW + Duration::seconds(40 - seconds);
        let response = limited.post("/one", "192.0.2.1").await;
        let window = format!("\"policy\";r=0;t={seconds}");
        let retry_after = seconds.to_string();
        let expected = (
            429,
            POLICY,
            Some(window.as_str()),
            Some(retry_after.as_str()),
        );
        assert_eq!(status_and_limits(&response), expected);
    }
    assert_eq!(*limited.served.lock().unwrap(), 3);
    *limited.now.lock().unwrap() = NOW + Duration::seconds(40);
    let response = limited.post("/one", "192.0.2.1").await;
    assert_eq!(
        status_and_limits(&response),
        (200, POLICY, Some("\"policy\";r=2;t=60"), None)
    );
}

#[tokio::test]
async fn routes_of_one_policy_are_counted_together_and_callers_apart() {
    let limited = Limited::new(true);
    for _ in 0..2 {
        limited.post("/one", "192.0.2.1").await;
        limited.post("/other", "192.0.2.1").await;
    }
    limited.post("/one", "::ffff:192.0.2.1").await;
    limited.post("/one", "2001:db8::1").await;
    limited.post("/one", "2001:db8::2").await;
    limited.post("/one", "2001:db8:0:1::1").await;
    limited.post("/one", "").await;
    // 2026-03-01 12:00:00, and two minutes after the request, to the second.
    let minute = datetime!(2026-03-01 12:00 UTC).unix_timestamp();
    let expires_at = (NOW + Duration::minutes(2)).unix_timestamp().to_string();
    let counts = limited.counts.lock().unwrap();
    let expected = [
        ("192.0.2.1", 5),
        ("2001:db8:0:1::/64", 1),
        ("2001:db8::/64", 2),
        ("unknown", 1),
    ];
    let expected = expected.map(|(caller, count)| {
        (
            format!("policy#{caller}#{minute}"),
            (count, expires_at.clone()),
        )
    });
    assert_eq!(*counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn every_response_has_the_rate_limit_headers() {
    let limited = Limited::new(true);
    for (method, path, status, window) in [
        (Method::POST, "/other", 503, "\"policy\";r=2;t=40"),
        (Method::GET, "/one", 405, "\"policy\";r=1;t=40"),
        (Method::POST, "/nope", 404, "\"policy\";r=0;t=40"),
    ] {
        let response = limited.request(method, path, "192.0.2.1").await;
        let (found_status, policy, found_window, _) = status_and_limits(&response);
        assert_eq!((found_status, policy), (status, POLICY));
        assert_eq!(found_window, Some(window));
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers().contains_key("allow"), status == 405);
    }
}

/// Otherwise a failure of the table would bypass the limit.
#[tokio::test]
async fn a_request_that_cannot_be_counted_is_not_served() {
    let limited = Limited::new(false);
    let response = limited.post("/one", "192.0.2.1").await;
    assert_eq!(status_and_limits(&response), (503, None, None, Some("2")));
    assert_eq!(*limited.served.lock().unwrap(), 0);
}

#[test]
fn a_quota_is_a_positive_number() {
    for (text, is_one) in [
        ("1", true),
        ("1000000", true),
        ("0", false),
        ("-1", false),
        ("", false),
    ] {
        assert_eq!(text.parse::<NonZeroU32>().is_ok(), is_one, "{text}");
    }
}
