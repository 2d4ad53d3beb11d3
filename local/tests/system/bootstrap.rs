//! What this binary does as a function.

use std::{env, process, time::Duration};

use lambda_http::lambda_runtime::{self, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

/// Not a test: the functions' executables come here.
#[test]
#[ignore = "is what the functions' processes run"]
fn function() {
    if env::var("BROKEN").is_ok() {
        process::exit(1);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // It ends when the Runtime API does.
    let _ = runtime.block_on(lambda_runtime::run(service_fn(handle)));
    process::exit(0);
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
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
            "remaining": event.context.deadline - epoch_ms(),
            "trace": event.context.xray_trace_id,
        })),
        Some("cors") => Ok(json!({
            "statusCode": 200,
            "headers": {"access-control-allow-origin": "*"},
        })),
        Some(action) => Err(format!("cannot {action}").into()),
    }
}

fn epoch_ms() -> u64 {
    let now = domain::Clock::system().now();
    (now.unix_timestamp_nanos() / 1_000_000).try_into().unwrap()
}
