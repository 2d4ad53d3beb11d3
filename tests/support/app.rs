use std::{
    fs,
    io::{self, BufRead, BufReader, PipeReader},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    BUCKET, PASSWORD, Response, SignedIn, UnsignedRequest, comes_true, eventually,
    ministack::{self, Ministack},
};

/// A local system for one test: engines in memory, functions as child processes, free ports. Killed when it is dropped.
pub struct TestApp {
    process: Child,
    client: Client,
    endpoints: Value,
    log: Arc<Mutex<String>>,
    dir: Option<TempDir>,
    /// The services that the functions use in place of the local engines, if configured; stops with the system.
    ministack: Option<Ministack>,
}

impl TestApp {
    /// Starts a system with the lowest bcrypt cost.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a system with these template parameters, like `AccessTokenSeconds=5`.
    pub fn start_with(parameters: &[&str]) -> Self {
        Self::start_dev(parameters, cloakroom_dev)
    }

    /// Starts a system that allows the origins of the template and its own, and no others of this machine.
    pub fn start_strict(parameters: &[&str]) -> Self {
        Self::start_dev(parameters, |data| {
            let mut command = cloakroom_dev(data);
            command.arg("--strict-origins");
            command
        })
    }

    /// Starts a system for attacks with a function's own credentials. Its calls are not recorded: they are not what the
    /// function needs, and the test itself says which of them are denied.
    pub fn start_unrecorded(parameters: &[&str]) -> Self {
        Self::start_dev(parameters, |data| unrecorded(cloakroom_dev(data)))
    }

    fn start_dev(parameters: &[&str], command: impl FnOnce(&Path) -> Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let parameters = parameters
            .iter()
            .flat_map(|parameter| ["--parameter", parameter]);
        let args: Vec<_> = ["--ephemeral"].into_iter().chain(parameters).collect();
        let data = dir.path().join("data");
        let mut command = command(&data);
        let ministack = Ministack::start_if_configured(dir.path());
        if ministack.is_some() {
            command.arg("--bootstraps").arg(dir.path());
        }
        let endpoints = data.join("endpoints.json");
        let mut app = Self::spawn(command.args(args), Some(&endpoints), Some(dir));
        if let Some(ministack) = &ministack {
            app.endpoints["dynamodb"] = json!(ministack.url);
            app.endpoints["s3"] = json!(ministack.url);
            app.endpoints["ssm"] = json!(ministack.url);
        }
        app.ministack = ministack;
        app
    }

    /// Starts a system that sends mail. The others do not: with mail, each sign-up invokes one more function.
    pub fn start_with_mail(parameters: &[&str]) -> Self {
        Self::start_with(&[parameters, &[WITH_MAIL]].concat())
    }

    /// Starts a system that keeps its data in `dir`, with more arguments of `cloakroom dev`.
    pub fn start_in(dir: &Path, args: &[&str]) -> Self {
        Self::start_command(cloakroom_dev(dir).args(args), dir)
    }

    /// Starts a system with a command that keeps its data in `dir`.
    pub fn start_command(command: &mut Command, dir: &Path) -> Self {
        Self::spawn(command, Some(&dir.join("endpoints.json")), None)
    }

    /// Starts a system with a command, and does not read its endpoints.
    pub fn start_command_without_endpoints(command: &mut Command) -> Self {
        Self::spawn(command, None, None)
    }

    fn spawn(command: &mut Command, endpoints: Option<&Path>, dir: Option<TempDir>) -> Self {
        // One pipe for both outputs keeps the order of the lines.
        let (output, input) = io::pipe().unwrap();
        let mut process = command
            .stdin(Stdio::null())
            .stdout(input.try_clone().unwrap())
            .stderr(input)
            .spawn()
            .unwrap();
        // The pipe ends when the system does: nothing else writes to it.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let log = Arc::new(Mutex::new(String::new()));
        let (ready, is_ready) = mpsc::channel();
        follow(output, &log, ready);
        if is_ready.recv().is_err() {
            let _ = process.wait();
            panic!("the system did not start:\n{}", log.lock().unwrap());
        }
        Self {
            process,
            client: Client::new(),
            endpoints: endpoints.map_or(Value::Null, read),
            log,
            dir,
            ministack: None,
        }
    }

    /// Returns the process id of the system.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends the system a signal, like `TERM`, and waits until it has exited.
    pub fn stop_with(&mut self, signal: &str) -> ExitStatus {
        super::processes::signal(self.pid(), signal);
        self.process.wait().unwrap()
    }

    /// Returns the data directory of a system that was not started with one.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.as_ref().unwrap().path().join("data")
    }

    /// Returns the URL of the API or of an engine: `api`, `dynamodb`, `ssm`.
    pub fn endpoint(&self, name: &str) -> &str {
        self.endpoints[name].as_str().unwrap()
    }

    /// Lists the names and URLs of the servers in endpoints.json.
    pub fn urls(&self) -> impl Iterator<Item = (String, String)> {
        let all = self.endpoints.as_object().unwrap().iter();
        all.filter_map(|(name, value)| {
            let url = value.as_str()?;
            url.starts_with("http://")
                .then(|| (name.clone(), url.to_owned()))
        })
    }

    /// Returns all that the system has printed so far, including the functions' logs.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until the system has printed all of these texts, and returns its log. Lines of functions come a moment after their
    /// responses.
    pub async fn log_with(&self, texts: &[&str]) -> String {
        let is_printed = async || {
            let log = self.log();
            texts.iter().all(|text| log.contains(text))
        };
        let found = comes_true(is_printed).await;
        let log = self.log();
        assert!(found, "the log has not all of {texts:?}:\n{log}");
        log
    }

    /// Waits until all events are delivered: all functions are idle, and all records of streams and all visible messages of queues
    /// with a function are processed. The requests of the test must have their responses.
    pub async fn settled(&self) {
        self.settled_within(Duration::from_mins(1)).await;
    }

    /// Waits as [`TestApp::settled`], up to a time that thousands of events take.
    pub async fn settled_within(&self, limit: Duration) {
        let url = format!("{}?wait=2000", self.endpoint("settled"));
        let mut last = Value::Null;
        let started = Instant::now();
        while started.elapsed() < limit {
            last = Response::to(self.client.get(&url)).await.expect(200).json();
            if last["settled"] == true {
                return;
            }
        }
        panic!("the events are not delivered: {last}\n{}", self.log());
    }

    /// Sends one more request, waits for its log lines (the gateway's and the function's), and returns the log. The gateway's lines
    /// of earlier requests are then complete, and other functions have had time to print theirs.
    pub async fn complete_log(&self) -> String {
        let last = Response::to(self.request(Method::TRACE, "/")).await;
        let id = last.header("x-request-id").unwrap();
        eventually(async || {
            let log = self.log();
            log.contains(" TRACE ") && log.contains(id)
        })
        .await;
        self.log()
    }

    /// Builds a request to the API.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.endpoint("api")))
    }

    /// Builds a request that is sent from another address of this machine, like 127.0.0.2.
    pub fn request_from(&self, address: Ipv4Addr, method: Method, path: &str) -> RequestBuilder {
        let client = Client::builder().local_address(IpAddr::V4(address));
        let url = format!("{}{path}", self.endpoint("api"));
        client.build().unwrap().request(method, url)
    }

    pub async fn get(&self, path: &str) -> Response {
        Response::to(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        Response::to(self.request(Method::POST, path).json(body)).await
    }

    pub async fn sign_up(&self, email: &str, password: &str) -> Response {
        let body = json!({"email": email, "password": password, "name": "Ada"});
        self.post("/signup", &body).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Response {
        self.post("/signin", &json!({"email": email, "password": password}))
            .await
    }

    /// Sends a sign-in in a task of its own.
    pub fn spawn_sign_in(&self, email: &str, password: &str) -> JoinHandle<Response> {
        let body = json!({"email": email, "password": password});
        tokio::spawn(Response::to(
            self.request(Method::POST, "/signin").json(&body),
        ))
    }

    /// Creates an account and signs in.
    pub async fn new_user(&self, email: &str) -> SignedIn<'_> {
        self.sign_up(email, PASSWORD).await.expect(201);
        SignedIn::new(self, self.sign_in(email, PASSWORD).await)
    }

    /// Returns the access key to use in place of `key`: ministack has a single one.
    pub fn access_key<'a>(&self, key: &'a str) -> &'a str {
        self.ministack.as_ref().map_or(key, |_| ministack::KEY)
    }

    /// Returns the name of the uploads bucket.
    pub fn bucket(&self) -> &'static str {
        self.ministack
            .as_ref()
            .map_or(BUCKET, |_| ministack::BUCKET)
    }

    /// Returns the secret of an access key. The key of ministack is its own secret.
    pub fn secret_key(&self, key: &str) -> String {
        if self.ministack.is_some() && key == ministack::KEY {
            return key.to_owned();
        }
        let operator = self.endpoints["secretAccessKey"].as_str().unwrap();
        local::secret_key(operator, key)
    }

    /// Calls an operation of an engine with an access key: `DynamoDB_20120810.GetItem`, `AmazonSSM.GetParameter`.
    pub async fn call_engine(
        &self,
        engine: &str,
        key: &str,
        target: &str,
        body: &Value,
    ) -> Response {
        let version = if engine == "ssm" { "1.1" } else { "1.0" };
        let content_type = format!("application/x-amz-json-{version}");
        let body = body.to_string();
        let request = UnsignedRequest {
            service: engine,
            // The signatures of EventBridge have the name of its predecessor.
            url: self.endpoint(if engine == "events" {
                "eventbridge"
            } else {
                engine
            }),
            headers: &[("x-amz-target", target), ("content-type", &content_type)],
            body: &body,
        };
        let key = self.access_key(key);
        Response::to(request.sign(key, &self.secret_key(key))).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Copies the lines of the output to the log, and sends to `ready` after the last line of the start message.
fn follow(output: PipeReader, log: &Arc<Mutex<String>>, ready: mpsc::Sender<()>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
            if line.contains("Ctrl-C stops it") {
                let _ = ready.send(());
            }
        }
    });
}

/// Builds `cloakroom` with these arguments, run in the project's directory.
pub fn cloakroom<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env(RECORD_CALLS, concat!(env!("CARGO_TARGET_TMPDIR"), "/calls"))
        .args(args);
    command
}

/// The variable that names the directory in which a system records the grants that its functions use, for
/// `ci/check_grants.py`.
pub const RECORD_CALLS: &str = "CLOAKROOM_RECORD_CALLS";

/// Removes the recording from a command, for a test whose functions make calls that they are not meant to make.
pub fn unrecorded(mut command: Command) -> Command {
    command.env_remove(RECORD_CALLS);
    command
}

/// The template parameter that turns mail on.
pub const WITH_MAIL: &str = "MailFrom=cloakroom@localhost";

/// Builds `cloakroom dev` on free ports, with its data in `dir`, the lowest bcrypt cost, no mail, and practically no rate
/// limit.
pub fn cloakroom_dev(dir: &Path) -> Command {
    let mut command = cloakroom(["dev", "--port", "0", "--parameter", "BcryptCost=4"]);
    command.args(["--parameter", "MailFrom="]);
    command
        .args(["--parameter", "RequestsPerAddress=1000000"])
        .arg("--without-schedules")
        .arg("--data-dir")
        .arg(dir);
    command
}

fn read(endpoints: &Path) -> Value {
    serde_json::from_slice(&fs::read(endpoints).unwrap()).unwrap()
}
