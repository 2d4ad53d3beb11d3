//! The rate limits of every operation for which the API document lists a 429.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::{
    Response, SignedIn, TestApp,
    routes::{Credential, Operation, RateLimit, operations},
};

/// One request a minute is served and three requests span at most two minutes, so one of them is refused.
const ATTEMPTS: usize = 3;

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
        for _ in 0..ATTEMPTS {
            let response = Response::to(request(&operation, &user, &app, grant)).await;
            let is_counted = response.header("ratelimit").is_some();
            match operation.rate_limit() {
                RateLimit::All => assert!(is_counted, "{operation}: {response:?}"),
                RateLimit::None => assert!(!is_counted, "{operation}: {response:?}"),
                RateLimit::Some => {}
            }
            if response.status == 429 {
                refused = Some(response);
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
