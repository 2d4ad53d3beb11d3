//! Requests that the local system refuses: those for the host name of another machine, and those of web pages to the
//! engines.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::{PASSWORD, TestApp, processes::listening_ports};

/// The engines that do not serve browsers. S3 and the API do, each with its own CORS rules.
const ENGINES: [&str; 6] = ["dynamodb", "ssm", "lambda", "ses", "sqs", "eventbridge"];

/// How long a refusal may take.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a request without changes, and reads the whole response.
fn send_raw(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A request without a response in time was not refused.
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Sends a GET request with these header lines.
fn get(port: u16, path: &str, headers: &str) -> String {
    send_raw(
        port,
        &format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n"),
    )
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

fn port_of(app: &TestApp, name: &str) -> u16 {
    let url = app.endpoint(name);
    let authority = url.strip_prefix("http://").unwrap();
    let authority = authority.split('/').next().unwrap();
    let (_, port) = authority.rsplit_once(':').unwrap();
    port.parse().unwrap()
}

/// Lists the ports of the system: those in endpoints.json and the Runtime APIs of its functions.
fn all_ports(app: &TestApp) -> BTreeSet<u16> {
    let ports = listening_ports(app.pid());
    for (name, url) in app.urls() {
        assert!(ports.contains(&port_of(app, &name)), "{name}: {url}");
    }
    ports
}

#[tokio::test]
async fn every_port_refuses_the_host_name_of_another_machine() {
    let app = TestApp::start();
    // Starts an instance, which has its own Runtime API.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let ports = all_ports(&app);
    assert!(ports.len() > 8, "{ports:?}");
    for port in ports {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
            format!("localhost.evil.example:{port}"),
            format!("127.0.0.1@evil.example:{port}"),
            "localhost:99999".to_owned(),
            "0.0.0.0".to_owned(),
            "127.1".to_owned(),
            "192.168.0.1".to_owned(),
            "[::2]".to_owned(),
            String::new(),
        ] {
            let response = get(port, "/outbox.json", &format!("Host: {host}"));
            assert_eq!(status(&response), "421", "{port} {host}: {response}");
        }
        for line in [
            "Accept: */*",
            "Host: 127.0.0.1\r\nHost: evil.example",
            "Host: evil.example\r\nHost: 127.0.0.1",
        ] {
            let response = get(port, "/outbox.json", line);
            assert!(
                ["400", "421"].contains(&status(&response)),
                "{port} {line}: {response}"
            );
        }
        let absolute = get(port, "http://evil.example/outbox.json", "Host: 127.0.0.1");
        assert_eq!(status(&absolute), "421", "{port}: {absolute}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_host_and_the_allowed_ones() {
    let app = TestApp::start();
    let response = get(port_of(&app, "api"), "/outbox", "Host: evil.example");
    for expected in ["evil.example", "127.0.0.1", "localhost"] {
        assert!(response.contains(expected), "{expected} in {response}");
    }
}

#[tokio::test]
async fn the_api_accepts_every_name_of_this_machine() {
    let app = TestApp::start();
    let port = port_of(&app, "api");
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "localhost",
        "LocalHost",
        "host.docker.internal",
        "[::1]",
    ] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let response = get(port, "/.well-known/jwks.json", &format!("Host: {host}"));
            assert_eq!(status(&response), "200", "{host}: {response}");
        }
    }
}

#[tokio::test]
async fn the_engines_refuse_requests_of_web_pages() {
    let app = TestApp::start();
    for engine in ENGINES {
        let port = port_of(&app, engine);
        for head in [
            "OPTIONS / HTTP/1.1",
            "OPTIONS / HTTP/1.1\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: POST",
            "GET / HTTP/1.1\r\nOrigin: http://evil.example",
            "GET / HTTP/1.1\r\nOrigin: null",
            "POST / HTTP/1.1\r\nOrigin: http://127.0.0.1:3000\r\nContent-Length: 0",
            "POST / HTTP/1.1\r\nOrigin: \r\nContent-Length: 0",
        ] {
            let response = send_raw(
                port,
                &format!("{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"),
            );
            assert_eq!(status(&response), "403", "{engine} {head}: {response}");
            assert!(
                !response.to_lowercase().contains("access-control"),
                "{engine} {head}: {response}"
            );
        }
    }
}

#[tokio::test]
async fn a_runtime_api_serves_only_its_own_function_instance() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let known: BTreeSet<_> = app.urls().map(|(name, _)| port_of(&app, &name)).collect();
    let runtime_apis: Vec<_> = all_ports(&app).difference(&known).copied().collect();
    assert!(!runtime_apis.is_empty());
    for port in runtime_apis {
        let next = "/2018-06-01/runtime/invocation/next";
        let response = get(port, next, "Host: 127.0.0.1");
        assert_eq!(status(&response), "404", "{response}");
    }
}

#[tokio::test]
async fn the_secret_key_is_random_and_private_and_survives_a_restart() {
    use std::os::unix::fs::PermissionsExt as _;
    let secret = |dir: &std::path::Path| {
        let file = dir.join("endpoints.json");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let endpoints: serde_json::Value =
            serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        endpoints["secretAccessKey"].as_str().unwrap().to_owned()
    };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut first = TestApp::start_in(one.path(), &[]);
    let _second = TestApp::start_in(other.path(), &["--ephemeral"]);
    let found = secret(one.path());
    assert_eq!(found.len(), 64, "{found}");
    assert_ne!(found, secret(other.path()));
    // Presigned URLs stay valid across a restart.
    first.stop_with("TERM");
    let _first = TestApp::start_in(one.path(), &[]);
    assert_eq!(found, secret(one.path()));
}
