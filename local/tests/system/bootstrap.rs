//! Runs this test binary as a Lambda function.

use std::{env, process, time::Duration};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::lambda_runtime::{self, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::support::dynamodb_with;

/// Not a test: the entry point of the functions' processes.
#[test]
#[ignore = "entry point of the functions' processes"]
fn function() {
    if env::var("BROKEN").is_ok() {
        process::exit(1);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Returns when the Runtime API closes.
    let _ = runtime.block_on(lambda_runtime::run(service_fn(handle)));
    process::exit(0);
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if env::var("RECORDER_TABLE").is_ok() {
        return record(&event.payload).await;
    }
    match event.payload["pathParameters"]["action"].as_str() {
        None => Ok(event.payload),
        Some("pid") => Ok(json!(process::id())),
        Some("slow") => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(json!(process::id()))
        }
        Some("hang") => Ok(std::future::pending().await),
        Some("exit") => process::exit(7),
        Some("fail") => Err("it failed".into()),
        Some("large") => Ok(json!({"statusCode": 200, "body": "x".repeat(7 << 20)})),
        Some("environment") => Ok(env::vars()
            .map(|(name, value)| (name, json!(value)))
            .collect()),
        Some("context") => Ok(json!({
            "arn": event.context.invoked_function_arn,
            "remaining": event.context.deadline.saturating_sub(epoch_ms()),
            "trace": event.context.xray_trace_id,
        })),
        Some("cors") => Ok(json!({
            "statusCode": 200,
            "headers": {"access-control-allow-origin": "*"},
        })),
        Some(action) => Err(format!("cannot {action}").into()),
    }
}

/// Stores an event under the key of its object. Fails the first time for the key `fail`.
async fn record(event: &Value) -> Result<Value, Error> {
    let [url, access_key, secret, table] = [
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "RECORDER_TABLE",
    ]
    .map(|name| env::var(name).unwrap());
    let put = |id: &str, event: String| {
        let credentials = Credentials::new(&access_key, &secret, None, None, "the environment");
        dynamodb_with(&url, credentials)
            .put_item()
            .table_name(&table)
            .item("id", AttributeValue::S(id.to_owned()))
            .item("event", AttributeValue::S(event))
    };
    if event["Records"][0]["eventSource"] == "aws:sqs" {
        return record_messages(event, &put).await;
    }
    if event["detail-type"] == "invoke" {
        return Err("it fails always".into());
    }
    let key = event["detail"]["object"]["key"].as_str().unwrap_or("none");
    if key == "fail" {
        let first = put("first", String::new()).condition_expression("attribute_not_exists(id)");
        if first.send().await.is_ok() {
            return Err("the first time".into());
        }
    }
    put(key, event.to_string()).send().await?;
    Ok(json!({"recorded": key}))
}

/// Stores each message under the id in its body. Reports those with a `fail` in the body until they were received so often.
async fn record_messages(
    event: &Value,
    put: &impl Fn(&str, String) -> aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder,
) -> Result<Value, Error> {
    let mut failures = Vec::new();
    for record in event["Records"].as_array().unwrap() {
        let body: Value = serde_json::from_str(record["body"].as_str().unwrap())?;
        let count = record["attributes"]["ApproximateReceiveCount"]
            .as_str()
            .unwrap();
        if body["fail"]
            .as_u64()
            .is_some_and(|times| count.parse::<u64>().unwrap() <= times)
        {
            failures.push(json!({"itemIdentifier": record["messageId"]}));
            continue;
        }
        if body["invalid"] == true {
            return Ok(json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]}));
        }
        put(body["id"].as_str().unwrap(), record.to_string())
            .send()
            .await?;
    }
    Ok(json!({ "batchItemFailures": failures }))
}

fn epoch_ms() -> u64 {
    let now = clock::Clock::system().now();
    (now.unix_timestamp_nanos() / 1_000_000).try_into().unwrap()
}
