//! Counting with a table that is a map, at times of the tests' choosing.

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
use crate::finish;

/// 20 seconds into a minute.
const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:20 UTC);

/// Three requests a minute to two routes, and what they left behind.
struct Limited {
    app: Router,
    now: Arc<Mutex<OffsetDateTime>>,
    /// Id -> count and time to live.
    counts: Arc<Mutex<BTreeMap<String, (u64, String)>>>,
    /// Requests that got through.
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
        let limit = RateLimit::from_env(&env, limits, "door", clock.clone()).unwrap();
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
            app: finish(limit.guard(routes), clock),
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

/// Status, policy, window and when to try again.
fn told(response: &Response) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap());
    (
        response.status().as_u16(),
        header("ratelimit-policy"),
        header("ratelimit"),
        header("retry-after"),
    )
}

const POLICY: Option<&str> = Some("\"door\";q=3;w=60");

#[tokio::test]
async fn so_many_requests_get_through_and_no_more_until_the_minute_is_over() {
    let limited = Limited::new(true);
    for (left, seconds) in [("2", 40), ("1", 40), ("0", 40)] {
        let window = format!("\"door\";r={left};t={seconds}");
        let response = limited.post("/one", "192.0.2.1").await;
        assert_eq!(told(&response), (200, POLICY, Some(window.as_str()), None));
    }
    for seconds in [40, 40, 1] {
        *limited.now.lock().unwrap() = NOW + Duration::seconds(40 - seconds);
        let response = limited.post("/one", "192.0.2.1").await;
        let window = format!("\"door\";r=0;t={seconds}");
        let retry_after = seconds.to_string();
        let expected = (
            429,
            POLICY,
            Some(window.as_str()),
            Some(retry_after.as_str()),
        );
        assert_eq!(told(&response), expected);
    }
    assert_eq!(*limited.served.lock().unwrap(), 3);
    *limited.now.lock().unwrap() = NOW + Duration::seconds(40);
    let response = limited.post("/one", "192.0.2.1").await;
    assert_eq!(
        told(&response),
        (200, POLICY, Some("\"door\";r=2;t=60"), None)
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
            format!("door#{caller}#{minute}"),
            (count, expires_at.clone()),
        )
    });
    assert_eq!(*counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn every_answer_says_where_its_caller_stands() {
    let limited = Limited::new(true);
    for (method, path, status, window) in [
        (Method::POST, "/other", 503, "\"door\";r=2;t=40"),
        (Method::GET, "/one", 405, "\"door\";r=1;t=40"),
        (Method::POST, "/nope", 404, "\"door\";r=0;t=40"),
    ] {
        let response = limited.request(method, path, "192.0.2.1").await;
        let (answered, policy, answered_standing, _) = told(&response);
        assert_eq!((answered, policy), (status, POLICY));
        assert_eq!(answered_standing, Some(window));
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.headers().contains_key("allow"), status == 405);
    }
}

/// A way around the count would be one around what it is for.
#[tokio::test]
async fn what_cannot_be_counted_is_not_served() {
    let limited = Limited::new(false);
    let response = limited.post("/one", "192.0.2.1").await;
    assert_eq!(told(&response), (503, None, None, Some("2")));
    assert_eq!(*limited.served.lock().unwrap(), 0);
}

#[test]
fn a_quota_is_a_number_from_1_on() {
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
