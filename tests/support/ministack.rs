//! Ministack, a second implementation of the AWS services: the suite must also pass against it.

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use reqwest::Client;
use sam_template::Template;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{bootstraps::write_bootstraps, cloakroom};

/// The variable with the path of the executable; set to run the suite against ministack.
const EXECUTABLE: &str = "CLOAKROOM_TEST_MINISTACK";

/// The only access key of ministack, and its secret.
pub const KEY: &str = "test";

/// The bucket that replaces the template's bucket and its access points.
pub const BUCKET: &str = "uploads";

/// How often ministack is started: another program may take its port before it listens.
const STARTS: usize = 5;

/// A ministack process for one system, with the template's tables, a bucket and a signing key.
pub struct Ministack {
    process: Child,
    pub url: String,
    _state: TempDir,
}

impl Ministack {
    /// Starts ministack if the environment names an executable, and writes executables of the functions that use it to `dir`.
    pub fn start_if_configured(dir: &Path) -> Option<Self> {
        let executable = env::var(EXECUTABLE).ok()?;
        let ministack = Self::start(&executable);
        let url = ministack.url.as_str();
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
            ("AWS_ENDPOINT_URL_S3", url),
            ("AWS_ENDPOINT_URL_SSM", url),
            // Ministack checks signatures with its only secret, and has no access points.
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", KEY),
            ("AWS_SESSION_TOKEN", ""),
            ("UPLOADS_BUCKET", BUCKET),
        ];
        write_bootstraps(dir, &variables);
        Some(ministack)
    }

    fn start(executable: &str) -> Self {
        let started = (0..STARTS).find_map(|_| Self::try_start(executable));
        let ministack = started.unwrap_or_else(|| panic!("{executable} did not start"));
        ministack.prepare();
        ministack
    }

    /// Starts ministack on a free port. `None` if it ends, as when another program takes the port first.
    fn try_start(executable: &str) -> Option<Self> {
        let state = tempfile::tempdir().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut process = Command::new(executable)
            .env("AUTH", "true")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("STATE_DIR", state.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        if !lines.any(|line| line.contains("Running on")) {
            process.wait().unwrap();
            return None;
        }
        // The process blocks when the pipe is full, so the rest is read and dropped.
        thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{port}");
        Some(Self {
            process,
            url,
            _state: state,
        })
    }

    fn prepare(&self) {
        let template = include_str!("../../template.yaml");
        let template = Template::parse(template, &[("Env".to_owned(), "dev".to_owned())].into());
        let template = template.unwrap().with_stack_name("cloakroom-dev");
        let tables = template.tables().unwrap();
        let url = self.url.clone();
        let create = async move {
            let client = Client::new();
            create_bucket(&client, &url).await;
            for table in tables {
                call(&client, &url, "CreateTable", &table.create).await;
                if let Some(attribute) = table.ttl_attribute {
                    let ttl = json!({"AttributeName": attribute, "Enabled": true});
                    let body = json!({"TableName": table.name, "TimeToLiveSpecification": ttl});
                    call(&client, &url, "UpdateTimeToLive", &body).await;
                }
            }
        };
        // The caller is inside a runtime, which cannot block on another; so this runs on its own thread.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        thread::spawn(move || runtime.block_on(create))
            .join()
            .unwrap();

        let init = cloakroom(["secrets", "init", "--env", "dev"])
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.url)
            .env("AWS_ENDPOINT_URL_SSM", &self.url)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .output()
            .unwrap();
        assert!(
            init.status.success(),
            "{}",
            String::from_utf8_lossy(&init.stderr)
        );
    }
}

/// Creates the bucket with versioning and Object Lock, as in the template.
async fn create_bucket(client: &Client, url: &str) {
    let versions = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <Status>Enabled</Status></VersioningConfiguration>";
    for (query, body) in [("", ""), ("?versioning", versions)] {
        let request = client
            .put(format!("{url}/{BUCKET}{query}"))
            .header("authorization", authorization("s3"))
            .header("x-amz-bucket-object-lock-enabled", "true")
            .body(body);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{BUCKET}{query}: {status} {text}");
    }
}

/// Returns an `authorization` header. Ministack does not check its signature.
fn authorization(service: &str) -> String {
    let credential = format!("Credential={KEY}/20260101/us-east-1/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0")
}

async fn call(client: &Client, url: &str, operation: &str, body: &Value) {
    let request = client
        .post(url)
        .header("authorization", authorization("dynamodb"))
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("content-type", "application/x-amz-json-1.0")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    let status = response.status();
    assert!(
        status.is_success(),
        "{operation}: {status} {}",
        response.text().await.unwrap()
    );
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
