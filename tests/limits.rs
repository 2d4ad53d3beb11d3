//! The limit of requests, of every operation that the API document says has one.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::{
    Response, SignedIn, TestApp,
    routes::{Credential, Operation, RateLimit, operations},
};

/// More than two minutes have room for, when one request a minute is served.
const TRIES: usize = 3;

fn request(
    operation: &Operation,
    user: &SignedIn<'_>,
    app: &TestApp,
    grant: &str,
) -> RequestBuilder {
    let request = operation.request(app, grant);
    match operation.credential() {
        Credential::AccessToken => request.bearer_auth(&user.token),
        _ => request,
    }
}

#[tokio::test]
async fn every_operation_with_a_limit_refuses_requests_over_it() {
    let app = TestApp::start_with(&["RequestsPerAddress=1", "UploadRequestsPerUser=1"]);
    let user = app.new_user("ada@example.com").await;
    let grant = user.post("/s3/grants", &json!({})).await.expect(201);
    let endpoint = grant.json()["companionEndpoint"].clone();
    let (_, grant) = endpoint.as_str().unwrap().rsplit_once('/').unwrap();
    for operation in operations() {
        let mut refused = None;
        for _ in 0..TRIES {
            let answer = Response::to(request(&operation, &user, &app, grant)).await;
            let is_counted = answer.header("ratelimit").is_some();
            match operation.rate_limit() {
                RateLimit::All => assert!(is_counted, "{operation}: {answer:?}"),
                RateLimit::None => assert!(!is_counted, "{operation}: {answer:?}"),
                RateLimit::Some => {}
            }
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        match operation.rate_limit() {
            RateLimit::All => assert!(refused.is_some(), "{operation}"),
            RateLimit::None => assert!(refused.is_none(), "{operation}"),
            RateLimit::Some => {}
        }
        if let Some(refused) = refused {
            assert_eq!(refused.problem(), "rate_limited", "{operation}");
            for name in ["retry-after", "ratelimit", "ratelimit-policy"] {
                assert!(refused.header(name).is_some(), "{operation}: {name}");
            }
        }
    }
}
