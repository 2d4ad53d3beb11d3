use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::{ByteStream, DateTime},
    types::{ObjectLockRetention, ObjectLockRetentionMode},
};
use serde_json::json;

use super::{functions, key_of};
use crate::support::{BUCKET, Response, SignedIn, TestApp, hours_from_now};

const ACTIONS: [&str; 11] = [
    "get",
    "head",
    "put",
    "delete",
    "list",
    "versions",
    "forget",
    "lock",
    "see lock",
    "unlock",
    "forget locked",
];

/// The access points, and the bucket itself, which no function may name.
const WAYS: [&str; 4] = [UPLOADS, LOCKS, EVENTS, BUCKET];
const UPLOADS: &str = "cloakroom-dev-uploads-s3alias";
const LOCKS: &str = "cloakroom-dev-locks-s3alias";
const EVENTS: &str = "cloakroom-dev-events-s3alias";

/// The access point of a function.
fn own_way(function: &str) -> Option<&'static str> {
    match function {
        "Uploads" => Some(UPLOADS),
        "UploadLocks" => Some(LOCKS),
        "UploadEvents" => Some(EVENTS),
        _ => None,
    }
}

/// Whether S3 allows the holder of a client to do this; any other error than a denial is a mistake of the test.
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
        "lock" | "unlock" => {
            let retention = ObjectLockRetention::builder()
                .mode(ObjectLockRetentionMode::Governance)
                .retain_until_date(DateTime::from_secs(hours_from_now(1).1));
            let put = client.put_object_retention().bucket(bucket).key(key);
            let bypass = (action == "unlock").then_some(true);
            let put = put.set_bypass_governance_retention(bypass);
            refusal(put.retention(retention.build()).send().await)
        }
        "see lock" => {
            let get = client.get_object_retention().bucket(bucket).key(key);
            refusal(get.send().await)
        }
        "forget locked" => {
            let delete = client.delete_object().bucket(bucket).key(key);
            let delete = delete.version_id("none").bypass_governance_retention(true);
            refusal(delete.send().await)
        }
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

/// The error code of S3, if there is one.
fn refusal<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> Option<String> {
    let error = answer.err()?;
    Some(error.code().unwrap_or("no code").to_owned())
}

#[tokio::test]
async fn files_are_reached_by_the_access_point_of_a_function_alone() {
    let app = TestApp::start_unrecorded(&[]);
    let operator = app.s3("local");
    let object = operator.put_object().bucket(BUCKET).key("owner/file");
    let body = ByteStream::from_static(b"x");
    object.body(body).send().await.unwrap();
    for function in functions() {
        let client = app.s3(&key_of(function));
        for way in WAYS {
            for action in ACTIONS {
                let may = is_allowed(&client, action, way, "owner/file").await;
                let what = format!("{function}: {action} by {way}");
                assert!(!may || own_way(function) == Some(way), "{what}");
                match action {
                    "unlock" | "forget locked" => assert!(!may, "{what}"),
                    "lock" => assert_eq!(may, function == "UploadLocks" && way == LOCKS, "{what}"),
                    "put" => assert_eq!(may, function == "Uploads" && way == UPLOADS, "{what}"),
                    _ => assert!(
                        !may || function != "UploadLocks" || action == "see lock",
                        "{what}"
                    ),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_presigned_url_allows_one_request_and_nothing_else() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app.new_user("ada@example.com").await;
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
        let answer = Response::to(request).await;
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
