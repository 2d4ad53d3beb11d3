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
    "delete version",
    "lock",
    "read lock",
    "unlock",
    "delete locked version",
];

/// The access points, and the bucket itself, which no function may use directly.
const TARGETS: [&str; 4] = [UPLOADS, LOCKS, EVENTS, BUCKET];
const UPLOADS: &str = "cloakroom-local-uploads-s3alias";
const LOCKS: &str = "cloakroom-local-locks-s3alias";
const EVENTS: &str = "cloakroom-local-events-s3alias";

/// Returns the access point of a function.
fn access_point(function: &str) -> Option<&'static str> {
    match function {
        "Uploads" => Some(UPLOADS),
        "UploadLocks" => Some(LOCKS),
        "UploadEvents" => Some(EVENTS),
        _ => None,
    }
}

/// Tells whether S3 allows an action with the credentials of a client. Panics at an error that is not a denial.
async fn is_allowed(client: &Client, action: &str, bucket: &str, key: &str) -> bool {
    let denied = match action {
        "get" => error_code(client.get_object().bucket(bucket).key(key).send().await),
        // A response to HEAD has no body and so no error code.
        "head" => match client.head_object().bucket(bucket).key(key).send().await {
            Ok(_) => None,
            Err(error) => Some(error.raw_response().unwrap().status().as_u16().to_string()),
        },
        "put" => {
            let body = ByteStream::from_static(b"x");
            error_code(
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
            let unknown = format!("{key}-unknown");
            error_code(
                client
                    .delete_object()
                    .bucket(bucket)
                    .key(unknown)
                    .send()
                    .await,
            )
        }
        "delete version" => {
            let delete = client.delete_object().bucket(bucket).key(key);
            error_code(delete.version_id("none").send().await)
        }
        "list" => error_code(client.list_objects_v2().bucket(bucket).send().await),
        "versions" => error_code(client.list_object_versions().bucket(bucket).send().await),
        "lock" | "unlock" => {
            let retention = ObjectLockRetention::builder()
                .mode(ObjectLockRetentionMode::Governance)
                .retain_until_date(DateTime::from_secs(hours_from_now(1).1));
            let put = client.put_object_retention().bucket(bucket).key(key);
            let bypass = (action == "unlock").then_some(true);
            let put = put.set_bypass_governance_retention(bypass);
            error_code(put.retention(retention.build()).send().await)
        }
        "read lock" => {
            let get = client.get_object_retention().bucket(bucket).key(key);
            error_code(get.send().await)
        }
        "delete locked version" => {
            let delete = client.delete_object().bucket(bucket).key(key);
            let delete = delete.version_id("none").bypass_governance_retention(true);
            error_code(delete.send().await)
        }
        other => panic!("unknown action: {other}"),
    };
    if let Some(code) = &denied {
        assert!(
            ["AccessDenied", "403"].contains(&code.as_str()),
            "{action} {bucket}: {code}"
        );
    }
    denied.is_none()
}

/// Returns the error code of a response of S3; `None` if the request succeeded.
fn error_code<T, E: ProvideErrorMetadata, R>(
    response: Result<T, SdkError<E, R>>,
) -> Option<String> {
    let error = response.err()?;
    Some(error.code().unwrap_or("no code").to_owned())
}

#[tokio::test]
async fn a_function_reaches_files_only_through_its_own_access_point() {
    let app = TestApp::start_unrecorded(&[]);
    let operator = app.s3("local");
    let object = operator.put_object().bucket(BUCKET).key("owner/file");
    let body = ByteStream::from_static(b"x");
    object.body(body).send().await.unwrap();
    for function in functions() {
        let client = app.s3(&key_of(function));
        for target in TARGETS {
            for action in ACTIONS {
                let is_permitted = is_allowed(&client, action, target, "owner/file").await;
                let what = format!("{function}: {action} on {target}");
                assert!(
                    !is_permitted || access_point(function) == Some(target),
                    "{what}"
                );
                match action {
                    "unlock" | "delete locked version" => assert!(!is_permitted, "{what}"),
                    "lock" => assert_eq!(
                        is_permitted,
                        function == "UploadLocks" && target == LOCKS,
                        "{what}"
                    ),
                    "put" => assert_eq!(
                        is_permitted,
                        function == "Uploads" && target == UPLOADS,
                        "{what}"
                    ),
                    _ => assert!(
                        !is_permitted || function != "UploadLocks" || action == "read lock",
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
            "change the storage class",
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
        let response = Response::to(request).await;
        assert_eq!(
            response.status,
            403,
            "{what}: {}",
            String::from_utf8_lossy(&response.body)
        );
    }
    let pending: SignedIn<'_> = ada;
    let path = format!(
        "/uploads/{}/complete",
        announced["upload"]["id"].as_str().unwrap()
    );
    pending.post(&path, &json!({})).await.expect(409);
}
