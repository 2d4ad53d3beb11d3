use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use local::OPERATOR_KEY;
use serde_json::{Value, json};

use crate::{
    s3::{DOOR, FILES, PLAIN},
    support::TestSystem,
};

/// Waits for the event of the object `key`.
async fn event(system: &TestSystem, key: &str) -> Value {
    let dynamodb = system.dynamodb(OPERATOR_KEY);
    let recorded = async {
        loop {
            let item = dynamodb
                .get_item()
                .table_name("shop-dev-Allowed")
                .key("id", AttributeValue::S(key.to_owned()))
                .send()
                .await
                .unwrap()
                .item;
            if let Some(item) = item {
                return serde_json::from_str(item["event"].as_s().unwrap()).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), recorded)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_new_object_sends_an_event() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    // A bucket without events, and an upload through the access point.
    let silent = s3.put_object().bucket(PLAIN).key("silent");
    silent.send().await.unwrap();
    let put = s3.put_object().bucket(DOOR).key("a/b c");
    let put = put.body(ByteStream::from_static(b"hello")).send().await;
    let version = put.unwrap().version_id.unwrap();
    let mut event = event(&system, "a/b c").await;
    let sequencer = event["detail"]["object"]["sequencer"].take();
    assert_eq!(sequencer.as_str().unwrap().len(), 18);
    for path in ["/id", "/time", "/detail/request-id"] {
        let value = event.pointer_mut(path).unwrap().take();
        assert!(value.as_str().unwrap().len() >= 16, "{path}: {value}");
    }
    assert_eq!(
        event,
        json!({
            "version": "0",
            "id": null,
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "000000000000",
            "time": null,
            "region": "us-east-1",
            "resources": [format!("arn:aws:s3:::{FILES}")],
            "detail": {
                "version": "0",
                "bucket": {"name": FILES},
                "object": {
                    "key": "a/b c",
                    "size": 5,
                    "etag": "5d41402abc4b2a76b9719d911017c592",
                    "version-id": version,
                    "sequencer": null,
                },
                "request-id": null,
                "requester": "000000000000",
                "source-ip-address": "127.0.0.1",
                "reason": "PutObject",
            },
        })
    );
    let silent = system
        .dynamodb(OPERATOR_KEY)
        .get_item()
        .table_name("shop-dev-Allowed")
        .key("id", AttributeValue::S("silent".to_owned()));
    assert_eq!(silent.send().await.unwrap().item, None);
}

#[tokio::test]
async fn the_event_of_a_copy_has_its_reason() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    s3.put_object().bucket(PLAIN).key("a").send().await.unwrap();
    let copy = s3.copy_object().bucket(FILES).key("copy");
    let copy = copy.copy_source(format!("{PLAIN}/a"));
    copy.send().await.unwrap();
    assert_eq!(
        event(&system, "copy").await["detail"]["reason"],
        "CopyObject"
    );
}

#[tokio::test]
async fn a_failed_delivery_is_retried() {
    let system = TestSystem::start().await;
    let put = system
        .s3(OPERATOR_KEY)
        .put_object()
        .bucket(FILES)
        .key("fail");
    put.send().await.unwrap();
    let event = event(&system, "fail").await;
    assert_eq!(event["detail"]["object"]["size"], 0);
}

#[tokio::test]
async fn a_stop_waits_for_deliveries() {
    let dir = tempfile::tempdir().unwrap();
    let options = crate::support::options(dir.path(), false);
    let system = local::System::start(&options).await.unwrap();
    let s3 = crate::support::s3(system.endpoints(), OPERATOR_KEY);
    let put = async |key: &str| {
        let put = s3.put_object().bucket(FILES).key(key);
        put.send().await.unwrap();
    };
    // A stop waits two seconds, in which a busy machine may not start the function.
    put("early").await;
    crate::support::settled(system.endpoints()).await;
    put("late").await;
    system.stop().await;

    let system = local::System::start(&options).await.unwrap();
    let got = crate::support::dynamodb(system.endpoints(), OPERATOR_KEY)
        .get_item()
        .table_name("shop-dev-Allowed")
        .key("id", AttributeValue::S("late".to_owned()));
    assert!(got.send().await.unwrap().item.is_some());
    system.stop().await;
}
