//! Starts a system for a test, with clients for it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use local::{DevOptions, Endpoints, Seed, Seeded, System, secret_key};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

/// A running system. Dropping it removes its data.
pub struct TestSystem {
    system: Option<System>,
    dir: TempDir,
    http: Client,
}

/// The functions' executables: scripts that run this test binary as a function. They are written before any process
/// starts, because a starting process could hold them open for writing.
static BOOTSTRAPS: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    // One function in each of the two layouts.
    for name in ["echo", "recorder", "BrokenFunction"] {
        let function = dir.path().join(name);
        fs::create_dir(&function).unwrap();
        let script = format!(
            "#!/bin/sh\nexec '{}' --ignored --exact bootstrap::function --nocapture\n",
            std::env::current_exe().unwrap().display()
        );
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o700)
            .open(function.join("bootstrap"))
            .unwrap();
        std::io::Write::write_all(&mut file, script.as_bytes()).unwrap();
    }
    dir
});

/// Options for a system on free ports that keeps its data in `data_dir`.
pub fn options(data_dir: &Path, ephemeral: bool) -> DevOptions {
    DevOptions {
        port: 0,
        data_dir: Some(data_dir.to_owned()),
        ephemeral,
        bootstraps: Some(BOOTSTRAPS.path().to_owned()),
        name: "Shop".to_owned(),
        stack_name: "shop-dev".to_owned(),
        site: None,
        api_document: None,
        strict_origins: false,
        origins_parameter: None,
        default_parameters: Box::new(|urls| {
            vec![("Env", "dev".to_owned()), ("Issuer", urls.api.clone())]
        }),
        parameters: BTreeMap::from([("Color".to_owned(), "red".to_owned())]),
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/template.yaml"),
        schedules: false,
        record_calls: None,
        record_usage: None,
        consequences: &[],
        at_start: None,
        payments: None,
        seed: Some(Seed {
            unless_under: "/shop/dev/keys/private".to_owned(),
            make: Box::new(|| Seeded {
                parameters: vec![
                    ("/shop/dev/keys/private/a".to_owned(), "secret".to_owned()),
                    ("/shop/dev/public/a".to_owned(), "public".to_owned()),
                ],
                items: vec![("Allowed".to_owned(), json!({"id": {"S": "seeded"}}))],
            }),
        }),
    }
}

impl TestSystem {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = options(&dir.path().join("data"), true);
        Self {
            system: Some(System::start(&options).await.unwrap()),
            dir,
            http: Client::new(),
        }
    }

    pub fn system(&self) -> &System {
        self.system.as_ref().unwrap()
    }

    /// Returns the secret of an access key.
    pub fn secret_of(&self, key: &str) -> String {
        secret_key(&self.system().endpoints().secret_access_key, key)
    }

    /// Returns the data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub async fn stop(&mut self) {
        self.system.take().unwrap().stop().await;
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http
            .get(format!("{}{path}", self.system().endpoints().api))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.system().endpoints().api))
    }

    /// Requests an action of the echo function and returns the status and the response.
    pub async fn act(&self, action: &str) -> (u16, Value) {
        let response = self.get(&format!("/do/{action}")).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub fn dynamodb(&self, key: &str) -> aws_sdk_dynamodb::Client {
        dynamodb(self.system().endpoints(), key)
    }

    pub fn s3(&self, key: &str) -> aws_sdk_s3::Client {
        s3(self.system().endpoints(), key)
    }

    /// Creates an HTTP request to the S3 engine.
    pub fn s3_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.system().endpoints().s3))
    }

    pub fn sqs(&self, key: &str) -> aws_sdk_sqs::Client {
        sqs(self.system().endpoints(), key)
    }

    pub fn eventbridge(&self, key: &str) -> aws_sdk_eventbridge::Client {
        let endpoints = self.system().endpoints();
        aws_sdk_eventbridge::Client::from_conf(
            aws_sdk_eventbridge::Config::builder()
                .behavior_version(aws_sdk_eventbridge::config::BehaviorVersion::latest())
                .region(aws_sdk_eventbridge::config::Region::new("us-east-1"))
                .credentials_provider(credentials(endpoints, key))
                .endpoint_url(&endpoints.eventbridge)
                .http_client(Builder::new().build_http())
                .build(),
        )
    }

    /// Returns the URL of a queue of the template.
    pub fn queue(&self, logical_id: &str) -> String {
        let url = &self.system().endpoints().sqs;
        format!("{url}/000000000000/shop-dev-{logical_id}")
    }

    /// Waits until all events are delivered.
    pub async fn settled(&self) {
        settled(self.system().endpoints()).await;
    }

    pub fn ssm(&self, key: &str) -> aws_sdk_ssm::Client {
        ssm(self.system().endpoints(), key)
    }
}

fn credentials(endpoints: &Endpoints, key: &str) -> Credentials {
    let secret = secret_key(&endpoints.secret_access_key, key);
    Credentials::new(key, secret, None, None, "test")
}

/// Creates a `DynamoDB` client with an access key.
pub fn dynamodb(endpoints: &Endpoints, key: &str) -> aws_sdk_dynamodb::Client {
    dynamodb_with(&endpoints.dynamodb, credentials(endpoints, key))
}

/// Creates a `DynamoDB` client with any credentials.
pub fn dynamodb_with(url: &str, credentials: Credentials) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(url)
            .http_client(Builder::new().build_http())
            .build(),
    )
}

/// Creates an S3 client with an access key.
pub fn s3(endpoints: &Endpoints, key: &str) -> aws_sdk_s3::Client {
    s3_with(&endpoints.s3, credentials(endpoints, key))
}

/// Creates an S3 client with any credentials.
pub fn s3_with(url: &str, credentials: Credentials) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(url)
            .force_path_style(true)
            .http_client(Builder::new().build_http())
            .build(),
    )
}

/// Creates an SQS client with an access key.
pub fn sqs(endpoints: &Endpoints, key: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(
        aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .credentials_provider(credentials(endpoints, key))
            .endpoint_url(&endpoints.sqs)
            .http_client(Builder::new().build_http())
            .build(),
    )
}

/// Creates an SSM client with an access key.
pub fn ssm(endpoints: &Endpoints, key: &str) -> aws_sdk_ssm::Client {
    ssm_with(&endpoints.ssm, credentials(endpoints, key))
}

/// Creates an SSM client with any credentials.
pub fn ssm_with(url: &str, credentials: Credentials) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::from_conf(
        aws_sdk_ssm::Config::builder()
            .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
            .region(aws_sdk_ssm::config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(url)
            .http_client(Builder::new().build_http())
            .build(),
    )
}

/// Waits until all events of a system are delivered.
pub async fn settled(endpoints: &Endpoints) {
    let url = format!("{}?wait=60000", endpoints.settled);
    let response = reqwest::get(url).await.unwrap();
    let state: Value = response.json().await.unwrap();
    assert_eq!(state, json!({"settled": true, "pending": []}));
}
