//! A second implementation of the services behind the functions: what holds against ours must hold against it.

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

/// The executable to start, when the suite is to run against it.
const EXECUTABLE: &str = "CLOAKROOM_TEST_MINISTACK";

/// Its one access key, and the secret of it.
pub const KEY: &str = "test";

/// In place of the template's bucket and its access points.
pub const BUCKET: &str = "uploads";

/// One ministack of its own for each system, with the template's tables, a bucket and a signing key in it.
pub struct Ministack {
    process: Child,
    pub url: String,
    _state: TempDir,
}

impl Ministack {
    /// Starts one if the environment asks for it, and sends the functions there: by executables in `dir`.
    pub fn asked_for(dir: &Path) -> Option<Self> {
        let executable = env::var(EXECUTABLE).ok()?;
        let ministack = Self::start(&executable);
        let url = ministack.url.as_str();
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url),
            ("AWS_ENDPOINT_URL_S3", url),
            ("AWS_ENDPOINT_URL_SSM", url),
            // It compares signatures with the one secret that it knows, and has no access points.
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", KEY),
            ("AWS_SESSION_TOKEN", ""),
            ("UPLOADS_BUCKET", BUCKET),
        ];
        write_bootstraps(dir, &variables);
        Some(ministack)
    }

    fn start(executable: &str) -> Self {
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
        assert!(
            lines.any(|line| line.contains("Running on")),
            "{executable} did not start"
        );
        // Whoever fills a pipe that nobody reads stands still.
        thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{port}");
        let ministack = Self {
            process,
            url,
            _state: state,
        };
        ministack.prepare();
        ministack
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
        // Tests have a runtime already, and one can't wait inside another.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        thread::spawn(move || runtime.block_on(create))
            .join()
            .unwrap();

        let init = cloakroom(["secrets", "init", "--env", "dev"])
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

/// With versions and locks, like the template's.
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
        let said = response.text().await.unwrap();
        assert!(status.is_success(), "{BUCKET}{query}: {status} {said}");
    }
}

/// It does not check signatures of headers.
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
