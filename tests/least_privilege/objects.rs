use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
};
use serde_json::json;

use super::{FUNCTIONS, key_of};
use crate::support::{Answer, SignedIn, TestApp};

const ACTIONS: [&str; 7] = ["get", "head", "put", "delete", "list", "versions", "forget"];

/// Function, what it names the bucket by, and what it may do there. What is not in here is denied.
const ALLOWED: [(&str, &str, &[&str]); 2] = [
    (
        "Uploads",
        "cloakroom-dev-uploads-s3alias",
        &["get", "head", "put", "delete", "list", "versions"],
    ),
    (
        "UploadEvents",
        "cloakroom-dev-events-s3alias",
        &["get", "head", "delete", "list", "forget"],
    ),
];

/// The bucket itself is nobody's: each function has its own way to it.
const WAYS: [&str; 3] = [
    "cloakroom-dev-uploads-s3alias",
    "cloakroom-dev-events-s3alias",
    "cloakroom-dev-uploadsbucket",
];

fn s3(app: &TestApp, who: &str) -> Client {
    let token = (who != "operator").then(|| "local".to_owned());
    let key = key_of(who);
    let secret = app.secret_key(&key);
    let credentials = Credentials::new(key, secret, token, None, "a test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials)
        .endpoint_url(app.endpoint("s3"))
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("us-east-1"));
    Client::from_conf(config.build())
}

/// Whether S3 lets somebody do this; any other error than a denial is a mistake of the test.
async fn is_allowed(client: &Client, action: &str, bucket: &str, key: &str) -> bool {
    let denied = match action {
        "get" => refusal(client.get_object().bucket(bucket).key(key).send().await),
        // An answer to HEAD has no body to say it in.
        "head" => match client.head_object().bucket(bucket).key(key).send().await {
            Ok(_) => None,
            Err(error) => Some(error.raw_response().unwrap().status().as_u16().to_string()),
        },
        "put" => {
            let body = ByteStream::from_static(b"x");
            refusal(
                client
                    .put_object()
                    .bucket(bucket)
                    .key(key)
                    .body(body)
                    .send()
                    .await,
            )
        }
        "delete" => {
            let gone = format!("{key}-gone");
            refusal(client.delete_object().bucket(bucket).key(gone).send().await)
        }
        "forget" => {
            let delete = client.delete_object().bucket(bucket).key(key);
            refusal(delete.version_id("none").send().await)
        }
        "list" => refusal(client.list_objects_v2().bucket(bucket).send().await),
        "versions" => refusal(client.list_object_versions().bucket(bucket).send().await),
        other => panic!("no such action: {other}"),
    };
    if let Some(code) = &denied {
        assert!(
            ["AccessDenied", "403"].contains(&code.as_str()),
            "{action} {bucket}: {code}"
        );
    }
    denied.is_none()
}

/// S3's word for what went wrong, if something did.
fn refusal<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> Option<String> {
    let error = answer.err()?;
    Some(error.code().unwrap_or("no code").to_owned())
}

#[tokio::test]
async fn a_function_can_do_to_files_what_its_role_says_and_no_more() {
    let app = TestApp::start();
    let operator = s3(&app, "operator");
    let object = operator.put_object().bucket(WAYS[2]).key("somebodys/file");
    object
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .unwrap();
    for function in FUNCTIONS {
        let client = s3(&app, function);
        for way in WAYS {
            let row = ALLOWED.iter().find(|row| (row.0, row.1) == (function, way));
            for action in ACTIONS {
                let allowed = row.is_some_and(|row| row.2.contains(&action));
                let found = is_allowed(&client, action, way, "somebodys/file").await;
                assert_eq!(found, allowed, "{function}: {action} by {way}");
            }
        }
    }
}

#[tokio::test]
async fn a_url_gives_one_request_and_nothing_beside_it() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": 5});
    let announced = ada.post("/uploads", &body).await.expect(201).json();
    let url = announced["transfer"]["url"].as_str().unwrap();
    let client = reqwest::Client::new();
    for (what, request) in [
        ("read", client.get(url)),
        ("delete", client.delete(url)),
        ("tag", client.put(format!("{url}&tagging")).body("12345")),
        (
            "copy",
            client
                .put(url)
                .header("x-amz-copy-source", "a/b")
                .body("12345"),
        ),
        (
            "store elsewhere",
            client
                .put(url)
                .header("x-amz-storage-class", "GLACIER")
                .body("12345"),
        ),
        (
            "lock",
            client
                .put(url)
                .header("x-amz-object-lock-mode", "COMPLIANCE")
                .body("12345"),
        ),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!(
            answer.status,
            403,
            "{what}: {}",
            String::from_utf8_lossy(&answer.body)
        );
    }
    let pending: SignedIn<'_> = ada;
    let path = format!(
        "/uploads/{}/complete",
        announced["upload"]["id"].as_str().unwrap()
    );
    pending.post(&path, &json!({})).await.expect(409);
}
