//! Every engine accepts only requests that were signed with a valid secret a short time ago.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use clock::Clock;
use local::{OPERATOR_KEY, function_key};
use reqwest::{Client, RequestBuilder};
use time::Duration;

use crate::{
    signed::UnsignedRequest,
    support::{TestSystem, dynamodb_with, ssm_with},
};

const JSON: (&str, &str) = ("content-type", "application/json");
const MAIL: &str = r#"{
    "FromEmailAddress": "a@example.com",
    "Destination": {"ToAddresses": ["b@example.com"]},
    "Content": {"Simple": {
        "Subject": {"Data": "a"},
        "Body": {"Text": {"Data": "a"}, "Html": {"Data": "a"}}
    }}
}"#;

/// The service, the path below the engine's URL, the headers and the body.
type Parts = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const EVENTS: &str = r#"{"Entries": [{"Source": "shop", "DetailType": "a", "Detail": "{}"}]}"#;

/// Returns one valid request for each engine.
const REQUESTS: [Parts; 6] = [
    (
        "dynamodb",
        "/",
        &[JSON, ("x-amz-target", "DynamoDB_20120810.ListTables")],
        "{}",
    ),
    (
        "ssm",
        "/",
        &[JSON, ("x-amz-target", "AmazonSSM.DescribeParameters")],
        "{}",
    ),
    (
        "lambda",
        "/2015-03-31/functions/EchoFunction/invocations",
        &[],
        "{}",
    ),
    ("ses", "/v2/email/outbound-emails", &[JSON], MAIL),
    (
        "sqs",
        "/",
        &[JSON, ("x-amz-target", "AmazonSQS.ListQueues")],
        "{}",
    ),
    (
        "events",
        "/",
        &[JSON, ("x-amz-target", "AWSEvents.PutEvents")],
        EVENTS,
    ),
];

fn url(system: &TestSystem, service: &str, path: &str) -> String {
    let endpoints = system.system().endpoints();
    let engine = match service {
        "dynamodb" => &endpoints.dynamodb,
        "ssm" => &endpoints.ssm,
        "lambda" => &endpoints.lambda,
        "sqs" => &endpoints.sqs,
        "events" => &endpoints.eventbridge,
        _ => &endpoints.ses,
    };
    format!("{engine}{path}")
}

/// Returns the status and the text of a response, including the error code.
async fn send(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let code = response.headers().get("x-amzn-errortype").cloned();
    let code = code.map_or_else(String::new, |code| code.to_str().unwrap().to_owned());
    (status, format!("{code} {}", response.text().await.unwrap()))
}

/// Asserts that an engine refuses a request with this error.
#[track_caller]
fn is_refused((status, text): &(u16, String), code: &str, what: &str) {
    assert!([400, 403].contains(status), "{what}: {status} {text}");
    assert!(text.contains(code), "{what}: {status} {text}");
}

#[tokio::test]
async fn an_engine_verifies_key_content_and_time_of_a_signature() {
    let system = TestSystem::start().await;
    let secret = system.secret_of(OPERATOR_KEY);
    let now = Clock::system().now();
    for (service, path, headers, body) in REQUESTS {
        let url = url(&system, service, path);
        let request = UnsignedRequest {
            service,
            url: &url,
            headers,
            body,
        };
        let (status, text) = send(request.sign(OPERATOR_KEY, &secret)).await;
        assert_eq!(status, 200, "{service}: {text}");

        let unsigned = headers
            .iter()
            .fold(Client::new().post(&url), |request, (name, value)| {
                request.header(*name, *value)
            });
        is_refused(
            &send(unsigned.body(body)).await,
            "MissingAuthenticationToken",
            service,
        );
        for (what, refused) in [
            ("a guess", request.sign(OPERATOR_KEY, "local")),
            (
                "a function's secret",
                request.sign(OPERATOR_KEY, &system.secret_of("LOCALECHOFUNCTION")),
            ),
            (
                "the operator's secret with a function's name",
                request.sign(&function_key("EchoFunction"), &secret),
            ),
            (
                "another body",
                request.sign(OPERATOR_KEY, &secret).body(format!("{body} ")),
            ),
            (
                "an old time",
                request.sign_at(now - Duration::minutes(16), OPERATOR_KEY, &secret),
            ),
            (
                "a time to come",
                request.sign_at(now + Duration::minutes(16), OPERATOR_KEY, &secret),
            ),
            (
                "another service",
                UnsignedRequest {
                    service: "s3",
                    ..request
                }
                .sign(OPERATOR_KEY, &secret),
            ),
        ] {
            let what = format!("{service}, {what}");
            is_refused(&send(refused).await, "InvalidSignature", &what);
        }
        let unknown = request.sign("AKIAIOSFODNN7EXAMPLE", &secret);
        is_refused(&send(unknown).await, "UnrecognizedClient", service);
        let added = request
            .sign(OPERATOR_KEY, &secret)
            .header("x-amz-more", "x");
        is_refused(&send(added).await, "IncompleteSignature", service);
    }
}

#[tokio::test]
async fn a_signature_is_valid_for_at_least_ten_minutes() {
    let system = TestSystem::start().await;
    let now = Clock::system().now();
    let (service, path, headers, body) = REQUESTS[0];
    let url = url(&system, service, path);
    let request = UnsignedRequest {
        service,
        url: &url,
        headers,
        body,
    };
    for minutes in [-10, 10] {
        let secret = system.secret_of(OPERATOR_KEY);
        let signed = request.sign_at(now + Duration::minutes(minutes), OPERATOR_KEY, &secret);
        assert_eq!(send(signed).await.0, 200, "{minutes}");
    }
}

#[tokio::test]
async fn an_sdk_receives_the_error_message() {
    let system = TestSystem::start().await;
    let endpoints = system.system().endpoints();
    let wrong = || Credentials::new(OPERATOR_KEY, "local", None, None, "test");
    let listed = dynamodb_with(&endpoints.dynamodb, wrong()).list_tables();
    let error = listed.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    let message = error.message().unwrap();
    assert!(message.contains("endpoints.json"), "{message}");
    let described = ssm_with(&endpoints.ssm, wrong()).describe_parameters();
    let error = described.send().await.unwrap_err().into_service_error();
    assert_eq!(
        aws_sdk_ssm::error::ProvideErrorMetadata::code(&error),
        Some("InvalidSignatureException")
    );
}

#[tokio::test]
async fn a_wrong_session_token_is_refused() {
    let system = TestSystem::start().await;
    let endpoints = system.system().endpoints();
    for (token, is_good) in [("local", true), ("stolen", false)] {
        let secret = system.secret_of(OPERATOR_KEY);
        let token = Some(token.to_owned());
        let credentials = Credentials::new(OPERATOR_KEY, secret, token, None, "test");
        let listed = dynamodb_with(&endpoints.dynamodb, credentials).list_tables();
        assert_eq!(listed.send().await.is_ok(), is_good);
    }
}
