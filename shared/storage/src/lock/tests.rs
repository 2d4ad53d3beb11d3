use aws_sdk_s3::{Client, config::HttpClient, primitives::SdkBody};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use settings::Env;
use time::macros::datetime;

use super::*;

const WANTED: Retention = Retention {
    mode: LockMode::Governance,
    until: datetime!(2030-01-02 00:00:00 UTC),
};

/// An S3 with one answer to `PutObjectRetention` and one to `GetObjectRetention`: a status and a body.
#[derive(Debug, Clone)]
struct FakeS3 {
    put: (u16, String),
    get: (u16, String),
}

impl HttpClient for FakeS3 {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for FakeS3 {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert!(request.uri().contains("retention"), "{}", request.uri());
        let (status, body) = match request.method() {
            "PUT" => self.put.clone(),
            _ => self.get.clone(),
        };
        let status = status.try_into().unwrap();
        let response = HttpResponse::new(status, SdkBody::from(body));
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn error(status: u16, code: &str) -> (u16, String) {
    let body = format!("<Error><Code>{code}</Code><Message>injected</Message></Error>");
    (status, body)
}

fn held(mode: &str, until: &str) -> (u16, String) {
    let body = format!(
        "<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
    );
    (200, body)
}

async fn lock(
    put: (u16, String),
    get: (u16, String),
    wanted: Retention,
) -> Result<LockOutcome, StorageError> {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("UPLOADS_BUCKET", "bucket"),
    ];
    let env = Env::from(variables);
    let aws = settings::aws::sdk_config(&env).unwrap();
    let mut bucket = Bucket::from_env(&env, &aws).unwrap();
    let config = bucket.client.config().to_builder();
    bucket.client = Client::from_conf(config.http_client(FakeS3 { put, get }).build());
    let version = VersionRef {
        key: "key",
        version_id: Some("version"),
    };
    bucket.lock(version, wanted).await
}

fn denied() -> (u16, String) {
    error(403, "AccessDenied")
}

#[tokio::test]
async fn a_lock_that_s3_takes_is_not_read_again() {
    let outcome = lock((200, String::new()), error(500, "InternalError"), WANTED).await;
    assert_eq!(outcome.unwrap(), LockOutcome::Locked);
}

#[tokio::test]
async fn a_longer_lock_and_one_in_compliance_mode_explain_a_denial() {
    for (mode, until) in [
        ("GOVERNANCE", "2030-01-02T00:00:01Z"),
        ("COMPLIANCE", "2031-01-01T00:00:00Z"),
        ("COMPLIANCE", "2030-01-01T00:00:00Z"),
    ] {
        let outcome = lock(denied(), held(mode, until), WANTED).await.unwrap();
        let LockOutcome::AlreadyLocked(found) = outcome else {
            panic!("{mode} {until}: {outcome:?}");
        };
        assert_eq!(found.mode == LockMode::Compliance, mode == "COMPLIANCE");
    }
}

#[tokio::test]
async fn a_denial_without_a_lock_in_the_way_is_a_missing_permission() {
    let strict = Retention {
        mode: LockMode::Compliance,
        ..WANTED
    };
    for (get, wanted, why) in [
        (
            error(404, "NoSuchObjectLockConfiguration"),
            WANTED,
            "it is not locked",
        ),
        (denied(), WANTED, "AccessDenied: injected"),
        (
            held("GOVERNANCE", "2030-01-02T00:00:00Z"),
            WANTED,
            "it is locked until 2030-01-02",
        ),
        (
            held("GOVERNANCE", "2030-01-01T00:00:00Z"),
            strict,
            "it is locked until 2030-01-01",
        ),
    ] {
        match lock(denied(), get, wanted).await {
            Err(StorageError::Unavailable(text)) => {
                assert!(text.contains("PutObjectRetention"), "{text}");
                assert!(text.contains(why), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
}
