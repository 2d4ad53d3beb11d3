//! A proxy between the functions and an engine that injects failures of networks and services.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Arc, Mutex},
};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::{
    TestApp, cloakroom_dev, eventually,
    processes::{instances, signal},
    run_concurrently, write_bootstraps,
};

/// What the proxy does with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Forwards the request and its response.
    None,
    /// Does not forward the request, and never responds.
    Hang,
    /// Forwards the request, then closes the connection without a response.
    LostReply,
    /// Closes the connection without forwarding the request.
    Disconnect,
    /// Kills the functions of this system while they wait for the response, after or before the request is forwarded.
    Kill { system: u32, after_call: bool },
    /// Forwards the request, then kills the process of this id, which waits for the response.
    KillCaller(u32),
    /// Does not forward the request, and responds with this status and body.
    Respond(u16, String),
}

impl Fault {
    /// Responds with an error of the database.
    pub fn error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        let body = serde_json::json!({"__type": kind, "message": "injected"});
        Self::Respond(status, body.to_string())
    }

    /// Responds that the transaction was cancelled, with a reason for each item.
    pub fn cancelled(codes: &[&str]) -> Self {
        let reasons: Vec<_> = codes
            .iter()
            .map(|code| serde_json::json!({"Code": code}))
            .collect();
        let body = serde_json::json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": reasons,
        });
        Self::Respond(400, body.to_string())
    }
}

/// Chooses the fault for a request by its operation, like `TransactWriteItems`, and its body.
type Plan = Box<dyn FnMut(&str, &Value) -> Fault + Send>;

struct Shared {
    upstream: Mutex<String>,
    plan: Mutex<Plan>,
    client: Client,
}

/// A proxy in front of one engine.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = listen_on_reserved_port().await;
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            upstream: Mutex::default(),
            plan: Mutex::new(Box::new(|_, _| Fault::None)),
            client: Client::new(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        let server = Mutex::new(Some(server));
        Self {
            port,
            shared,
            server,
        }
    }

    /// Starts a proxy that forwards to `upstream`.
    pub async fn in_front_of(upstream: &str) -> Self {
        let proxy = Self::start().await;
        upstream.clone_into(&mut proxy.shared.upstream.lock().unwrap());
        proxy
    }

    /// Returns the URL that callers use in place of the engine's.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sets the plan for all following requests.
    pub fn plan(&self, plan: impl FnMut(&str, &Value) -> Fault + Send + 'static) {
        *self.shared.plan.lock().unwrap() = Box::new(plan);
    }

    /// Applies one fault to all following requests.
    pub fn always(&self, fault: &Fault) {
        let fault = fault.clone();
        self.plan(move |_, _| fault.clone());
    }

    /// Applies a fault to the next `times` requests of an operation, and forwards all others.
    pub fn fail_next(&self, operation: &'static str, mut times: usize, fault: Fault) {
        self.plan(move |called, _| {
            if called != operation || times == 0 {
                return Fault::None;
            }
            times -= 1;
            fault.clone()
        });
    }

    /// Closes the port and all open connections.
    pub async fn stop_listening(&self) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
    }

    /// Listens on the same port again. A connection of another test may have the port for a moment.
    pub async fn listen_again(&self) {
        let mut listener = None;
        eventually(async || {
            listener = TcpListener::bind(("127.0.0.1", self.port)).await.ok();
            listener.is_some()
        })
        .await;
        let server = tokio::spawn(serve(listener.unwrap(), Arc::clone(&self.shared)));
        *self.server.lock().unwrap() = Some(server);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.abort();
        }
    }
}

/// Listens on a port outside the range that the operating system assigns, so that it stays free while the proxy is closed.
async fn listen_on_reserved_port() -> TcpListener {
    /// Each test has other ports, also while a proxy is closed.
    static USED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        // Linux assigns ports from 32768 up, other systems from 49152 up.
        let port = random_port();
        if !USED.lock().unwrap().insert(port) {
            continue;
        }
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return listener;
        }
    }
}

fn random_port() -> u16 {
    let [high, low, ..] = *uuid::Uuid::new_v4().as_bytes();
    20_000 + u16::from_be_bytes([high, low]) % 12_000
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set with this task closes all connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _ = connection(stream, &shared).await;
        });
    }
}

/// Serves HTTP/1.1 as the AWS SDK uses it: one request at a time, each with a `content-length`.
async fn connection(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some((path, headers, body)) = read(&mut stream).await? {
        let header = |name: &str| {
            let found = headers
                .iter()
                .find(|(header, _)| header.eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value.as_str())
        };
        let operation = header("x-amz-target")
            .rsplit('.')
            .next()
            .unwrap_or_default();
        let json = serde_json::from_slice(&body).unwrap_or_default();
        let fault = shared.plan.lock().unwrap()(operation, &json);
        if let Fault::Kill {
            system,
            after_call: false,
        } = fault
        {
            kill(system);
            return Ok(());
        }
        let (status, body) = match fault {
            Fault::Hang => std::future::pending().await,
            Fault::Disconnect => return Ok(()),
            Fault::Respond(status, body) => (status, body.into_bytes()),
            Fault::None | Fault::LostReply | Fault::Kill { .. } | Fault::KillCaller(_) => {
                let upstream = format!("{}{path}", shared.upstream.lock().unwrap());
                let request = headers
                    .iter()
                    .filter(|(name, _)| {
                        // The signature covers the host, so the caller's value is kept.
                        !name.eq_ignore_ascii_case("content-length")
                    })
                    .fold(shared.client.post(upstream), |request, (name, value)| {
                        request.header(name, value)
                    });
                let response = request.body(body).send().await.unwrap();
                let status = response.status().as_u16();
                let body = response.bytes().await.unwrap();
                match fault {
                    Fault::LostReply => return Ok(()),
                    Fault::KillCaller(pid) => {
                        signal(pid, "KILL");
                        return Ok(());
                    }
                    Fault::Kill { system, .. } => {
                        kill(system);
                        return Ok(());
                    }
                    _ => {}
                }
                (status, body.to_vec())
            }
        };
        let head = format!(
            "HTTP/1.1 {status} Injected\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        // In one write: the second of two small ones waits 40 ms for the acknowledgement of the first.
        let answer = [head.as_bytes(), &body].concat();
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// Kills all function instances of a system.
fn kill(system: u32) {
    for instance in instances(system) {
        signal(instance.pid, "KILL");
    }
}

type Headers = Vec<(String, String)>;

/// Reads the path, headers and body of the next request; `None` at the end of the connection.
async fn read(
    stream: &mut BufReader<TcpStream>,
) -> std::io::Result<Option<(String, Headers, Vec<u8>)>> {
    let mut headers = Headers::new();
    let mut length = 0;
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some((path, headers, body)))
}

/// A system whose functions reach each engine through a proxy.
pub struct FaultySystem {
    pub app: TestApp,
    pub dynamodb: Proxy,
    pub eventbridge: Proxy,
    pub ssm: Proxy,
    pub ses: Proxy,
    _dir: TempDir,
}

impl FaultySystem {
    /// Starts a system whose functions have `seconds` for a request, with these template parameters.
    pub async fn start(seconds: u32, parameters: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (dynamodb, ssm) = (Proxy::start().await, Proxy::start().await);
        let (ses, eventbridge) = (Proxy::start().await, Proxy::start().await);
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url(dynamodb.port)),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", url(eventbridge.port)),
            ("AWS_ENDPOINT_URL_SESV2", url(ses.port)),
            ("AWS_ENDPOINT_URL_SSM", url(ssm.port)),
        ];
        let variables = variables
            .each_ref()
            .map(|(name, url)| (*name, url.as_str()));
        write_bootstraps(dir.path(), &variables);
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        let template = fs::read_to_string(template).unwrap();
        // The timeout of all functions for requests, and that of the functions that read private keys.
        let template =
            ["Timeout: 10\n", "Timeout: 27\n"]
                .iter()
                .fold(template, |template, timeout| {
                    assert!(template.contains(timeout), "{timeout}");
                    template.replace(timeout, &format!("Timeout: {seconds}\n"))
                });
        fs::write(dir.path().join("template.yaml"), template).unwrap();
        let data = dir.path().join("data");
        let mut command = cloakroom_dev(&data);
        command
            .arg("--ephemeral")
            .arg("--bootstraps")
            .arg(dir.path());
        command
            .arg("--template")
            .arg(dir.path().join("template.yaml"));
        for parameter in parameters {
            command.args(["--parameter", parameter]);
        }
        let app = TestApp::start_command(&mut command, &data);
        for (proxy, engine) in [
            (&dynamodb, "dynamodb"),
            (&eventbridge, "eventbridge"),
            (&ssm, "ssm"),
            (&ses, "ses"),
        ] {
            app.endpoint(engine)
                .clone_into(&mut proxy.shared.upstream.lock().unwrap());
        }
        Self {
            app,
            dynamodb,
            eventbridge,
            ssm,
            ses,
            _dir: dir,
        }
    }

    /// Runs a check for each fault at the same time, each with a system of its own. All systems are started before: a start blocks
    /// the thread that serves the proxies.
    pub async fn each<F: Future<Output = ()> + 'static>(
        seconds: u32,
        faults: impl IntoIterator<Item = Fault>,
        check: impl Fn(Self, Fault) -> F,
    ) {
        let mut checks = Vec::new();
        for fault in faults {
            checks.push(check(Self::start(seconds, &[]).await, fault));
        }
        run_concurrently(checks).await;
    }

    /// Returns the proxies of all engines.
    pub fn proxies(&self) -> [&Proxy; 4] {
        [&self.dynamodb, &self.eventbridge, &self.ssm, &self.ses]
    }

    /// Lets all proxies forward all requests.
    pub fn forward_all(&self) {
        for proxy in self.proxies() {
            proxy.always(&Fault::None);
        }
    }
}
