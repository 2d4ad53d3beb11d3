use std::collections::BTreeSet;

use serde_json::json;

use crate::support::TestSystem;

#[tokio::test]
async fn an_instance_is_reused_for_the_next_request() {
    let system = TestSystem::start().await;
    let first = system.act("pid").await;
    assert_eq!(first, system.act("pid").await);
}

#[tokio::test]
async fn concurrent_requests_have_separate_instances() {
    let system = TestSystem::start().await;
    let (a, b, c) = tokio::join!(system.act("slow"), system.act("slow"), system.act("slow"));
    let pids: BTreeSet<_> = [a, b, c]
        .into_iter()
        .map(|(_, pid)| pid.to_string())
        .collect();
    assert_eq!(pids.len(), 3);
}

#[tokio::test]
async fn requests_wait_when_all_instances_are_busy() {
    let system = TestSystem::start().await;
    let requests: Vec<_> = (0..40)
        .map(|_| tokio::spawn(system.get("/do/pid").send()))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_function_has_lambdas_environment() {
    let system = TestSystem::start().await;
    let (_, environment) = system.act("environment").await;
    let mut names: Vec<_> = environment.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL_DYNAMODB",
            "AWS_ENDPOINT_URL_EVENTBRIDGE",
            "AWS_ENDPOINT_URL_LAMBDA",
            "AWS_ENDPOINT_URL_S3",
            "AWS_ENDPOINT_URL_SESV2",
            "AWS_ENDPOINT_URL_SQS",
            "AWS_ENDPOINT_URL_SSM",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "COLOR",
            "ISSUER",
            "LAMBDA_TASK_ROOT",
            "OTHER",
            "PATH",
            // The shell that runs the bootstrap script adds it.
            "PWD",
            "TABLE",
            "TZ",
            "_HANDLER",
            // The runtime sets it for each invocation.
            "_X_AMZN_TRACE_ID",
        ]
    );
    assert_eq!(
        environment["AWS_LAMBDA_FUNCTION_NAME"],
        "shop-dev-EchoFunction"
    );
    assert_eq!(environment["COLOR"], "red");
    assert_eq!(
        environment["ISSUER"],
        json!(system.system().endpoints().api)
    );
    assert_eq!(environment["TABLE"], "shop-dev-Allowed");
}

#[tokio::test]
async fn an_invocation_has_a_context() {
    let system = TestSystem::start().await;
    let (_, context) = system.act("context").await;
    assert_eq!(
        context["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:shop-dev-EchoFunction"
    );
    let remaining = context["remaining"].as_u64().unwrap();
    assert!((1..=3_000).contains(&remaining), "{remaining}");
    assert!(context["trace"].as_str().unwrap().starts_with("Root=1-"));
}
