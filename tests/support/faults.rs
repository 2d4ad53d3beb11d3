//! Between the functions and an engine: a proxy that fails as networks and services do, on the wire.

use std::{
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
    TestApp, dev,
    processes::{instances, signal},
    write_bootstraps,
};

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is answered.
    None,
    /// It is never answered, and not passed on.
    Hang,
    /// It is passed on and done; then the connection breaks.
    LostReply,
    /// The connection breaks before anything is done.
    Broken,
    /// The functions of this system are killed while they wait for the answer, after it is done or before.
    Killed { system: u32, is_done: bool },
    /// Something else is answered.
    Answer(u16, String),
}

impl Fault {
    /// An error of the service.
    pub fn error(status: u16, code: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        let body = serde_json::json!({"__type": kind, "message": "injected"});
        Self::Answer(status, body.to_string())
    }

    /// A cancelled transaction, with a reason for each part.
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
        Self::Answer(400, body.to_string())
    }
}

/// Decides by the operation, like `TransactWriteItems`, and its body.
type Plan = Box<dyn FnMut(&str, &Value) -> Fault + Send>;

struct Shared {
    upstream: Mutex<String>,
    plan: Mutex<Plan>,
    client: Client,
}

/// One proxy, for one engine.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = listen_anywhere().await;
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

    /// A proxy for those who can be told where it is.
    pub async fn before(upstream: &str) -> Self {
        let proxy = Self::start().await;
        upstream.clone_into(&mut proxy.shared.upstream.lock().unwrap());
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on, every request meets its fate.
    pub fn plan(&self, plan: impl FnMut(&str, &Value) -> Fault + Send + 'static) {
        *self.shared.plan.lock().unwrap() = Box::new(plan);
    }

    /// From now on, every request ends the same way.
    pub fn always(&self, fault: &Fault) {
        let fault = fault.clone();
        self.plan(move |_, _| fault.clone());
    }

    /// The next `times` requests of an operation end this way, all others are answered.
    pub fn next(&self, operation: &'static str, mut times: usize, fault: Fault) {
        self.plan(move |asked, _| {
            if asked != operation || times == 0 {
                return Fault::None;
            }
            times -= 1;
            fault.clone()
        });
    }

    /// Nobody listens any more, and open connections end.
    pub async fn go_away(&self) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
        }
    }

    /// Somebody listens again.
    pub async fn come_back(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let server = tokio::spawn(serve(listener, Arc::clone(&self.shared)));
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

/// On a port that nobody is given who asks for any: while nobody listens there, it stays free.
async fn listen_anywhere() -> TcpListener {
    loop {
        // Linux gives out 32768 and above, other systems 49152 and above.
        let port = port_by_chance();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return listener;
        }
    }
}

fn port_by_chance() -> u16 {
    let [high, low, ..] = *uuid::Uuid::new_v4().as_bytes();
    20_000 + u16::from_be_bytes([high, low]) % 12_000
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Ends with this task, and so do the connections.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _ = connection(stream, &shared).await;
        });
    }
}

/// HTTP/1.1 as the AWS SDK speaks it: one request after the other, each with a length.
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
        if let Fault::Killed {
            system,
            is_done: false,
        } = fault
        {
            kill(system);
            return Ok(());
        }
        let (status, body) = match fault {
            Fault::Hang => std::future::pending().await,
            Fault::Broken => return Ok(()),
            Fault::Answer(status, body) => (status, body.into_bytes()),
            Fault::None | Fault::LostReply | Fault::Killed { .. } => {
                let upstream = format!("{}{path}", shared.upstream.lock().unwrap());
                let request = headers
                    .iter()
                    .filter(|(name, _)| {
                        // The host is signed, so it stays the one that the caller has called.
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
                    Fault::Killed { system, .. } => {
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
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// Ends all instances that a system has now.
fn kill(system: u32) {
    for instance in instances(system) {
        signal(instance.pid, "KILL");
    }
}

type Headers = Vec<(String, String)>;

/// The path, the headers and the body of the next request; `None` at the end of the connection.
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
pub struct Fragile {
    pub app: TestApp,
    pub dynamodb: Proxy,
    pub ssm: Proxy,
    pub ses: Proxy,
    _dir: TempDir,
}

impl Fragile {
    /// Requests have so many seconds; parameters of the template may be given.
    pub async fn start(seconds: u32, parameters: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (dynamodb, ssm) = (Proxy::start().await, Proxy::start().await);
        let ses = Proxy::start().await;
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", url(dynamodb.port)),
            ("AWS_ENDPOINT_URL_SESV2", url(ses.port)),
            ("AWS_ENDPOINT_URL_SSM", url(ssm.port)),
        ];
        let variables = variables
            .each_ref()
            .map(|(name, url)| (*name, url.as_str()));
        write_bootstraps(dir.path(), &variables);
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        let template = fs::read_to_string(template).unwrap();
        assert!(template.contains("    Timeout: 10\n"));
        let template = template.replace("Timeout: 10", &format!("Timeout: {seconds}"));
        fs::write(dir.path().join("template.yaml"), template).unwrap();
        let data = dir.path().join("data");
        let mut command = dev(&data);
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
        let app = TestApp::run(&mut command, &data);
        for (proxy, engine) in [(&dynamodb, "dynamodb"), (&ssm, "ssm"), (&ses, "ses")] {
            app.endpoint(engine)
                .clone_into(&mut proxy.shared.upstream.lock().unwrap());
        }
        Self {
            app,
            dynamodb,
            ssm,
            ses,
            _dir: dir,
        }
    }
}
