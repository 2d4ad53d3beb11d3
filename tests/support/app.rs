use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    Answer, BUCKET, PASSWORD, SignedIn, Unsigned, eventually,
    ministack::{self, Ministack},
};

/// A whole system of its own: engines in memory, functions as processes, free ports. Ends when it is dropped.
pub struct TestApp {
    process: Child,
    client: Client,
    endpoints: Value,
    log: Arc<Mutex<String>>,
    _dir: Option<TempDir>,
    /// What the functions stand on instead, when that is asked for; ends with the system.
    ministack: Option<Ministack>,
}

impl TestApp {
    /// Starts a system that hashes as quickly as bcrypt can.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a system with parameters of the template, like `AccessTokenSeconds=5`.
    pub fn start_with(parameters: &[&str]) -> Self {
        Self::start_dev(parameters, dev)
    }

    /// Starts a system for attacks with a function's own credentials. Its calls are not recorded: they are not what the
    /// function needs, and the test itself says which of them are denied.
    pub fn start_unrecorded(parameters: &[&str]) -> Self {
        Self::start_dev(parameters, |data| unrecorded(dev(data)))
    }

    fn start_dev(parameters: &[&str], dev: impl FnOnce(&Path) -> Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let parameters = parameters
            .iter()
            .flat_map(|parameter| ["--parameter", parameter]);
        let args: Vec<_> = ["--ephemeral"].into_iter().chain(parameters).collect();
        let data = dir.path().join("data");
        let mut command = dev(&data);
        let ministack = Ministack::asked_for(dir.path());
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

    /// Starts a system that sends mail, which the others do not: a sign-up would start one more function for each.
    pub fn with_mail(parameters: &[&str]) -> Self {
        Self::start_with(&[parameters, &[WITH_MAIL]].concat())
    }

    /// Starts a system with its data in a directory that may outlive it, and other arguments of `cloakroom dev`.
    pub fn start_in(dir: &Path, args: &[&str]) -> Self {
        Self::run(dev(dir).args(args), dir)
    }

    /// Starts a system by any command that keeps its data in `dir`.
    pub fn run(command: &mut Command, dir: &Path) -> Self {
        Self::spawn(command, Some(&dir.join("endpoints.json")), None)
    }

    /// Starts a system by any command, and does not ask where it is.
    pub fn run_anywhere(command: &mut Command) -> Self {
        Self::spawn(command, None, None)
    }

    fn spawn(command: &mut Command, endpoints: Option<&Path>, dir: Option<TempDir>) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (ready, is_ready) = mpsc::channel();
        follow(process.stdout.take().unwrap(), &log, Some(ready));
        follow(process.stderr.take().unwrap(), &log, None);
        if is_ready.recv().is_err() {
            let _ = process.wait();
            panic!("the system did not start:\n{}", log.lock().unwrap());
        }
        Self {
            process,
            client: Client::new(),
            endpoints: endpoints.map_or(Value::Null, read),
            log,
            _dir: dir,
            ministack: None,
        }
    }

    /// The process of the system.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends the system a signal, like `TERM`, and waits until it has ended.
    pub fn end_by(&mut self, signal: &str) -> ExitStatus {
        super::processes::signal(self.pid(), signal);
        self.process.wait().unwrap()
    }

    /// The address of the API, or of an engine: `api`, `dynamodb`, `ssm`.
    pub fn endpoint(&self, name: &str) -> &str {
        self.endpoints[name].as_str().unwrap()
    }

    /// The names and URLs of all that endpoints.json says is listening.
    pub fn urls(&self) -> impl Iterator<Item = (String, String)> {
        let all = self.endpoints.as_object().unwrap().iter();
        all.filter_map(|(name, value)| {
            let url = value.as_str()?;
            url.starts_with("http://")
                .then(|| (name.clone(), url.to_owned()))
        })
    }

    /// Everything the system has printed so far, the functions' logs included.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log after one more request, whose lines are waited for: the gateway's, and at level `info` the function's.
    pub async fn complete_log(&self) -> String {
        let last = Answer::of(self.request(Method::TRACE, "/")).await;
        let id = last.header("x-request-id").unwrap();
        eventually(async || {
            let log = self.log();
            let is_info = log.contains(r#""message":"request""#);
            log.contains(" TRACE ") && (!is_info || log.contains(id))
        })
        .await;
        self.log()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.endpoint("api")))
    }

    /// A request from another address of this machine, like 127.0.0.2.
    pub fn request_from(&self, address: Ipv4Addr, method: Method, path: &str) -> RequestBuilder {
        let client = Client::builder().local_address(IpAddr::V4(address));
        let url = format!("{}{path}", self.endpoint("api"));
        client.build().unwrap().request(method, url)
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub async fn sign_up(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password, "name": "Ada"});
        self.post("/signup", &body).await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.post("/signin", &json!({"email": email, "password": password}))
            .await
    }

    /// The same, without waiting for the answer.
    pub fn sign_in_later(&self, email: &str, password: &str) -> JoinHandle<Answer> {
        let body = json!({"email": email, "password": password});
        tokio::spawn(Answer::of(
            self.request(Method::POST, "/signin").json(&body),
        ))
    }

    /// Somebody with an account, signed in.
    pub async fn somebody(&self, email: &str) -> SignedIn<'_> {
        self.sign_up(email, PASSWORD).await.expect(201);
        SignedIn::new(self, self.sign_in(email, PASSWORD).await)
    }

    /// The access key that stands for `key` with the engines there are: another implementation has one for everybody.
    pub fn access_key<'a>(&self, key: &'a str) -> &'a str {
        self.ministack.as_ref().map_or(key, |_| ministack::KEY)
    }

    /// The bucket of all uploads.
    pub fn bucket(&self) -> &'static str {
        self.ministack
            .as_ref()
            .map_or(BUCKET, |_| ministack::BUCKET)
    }

    /// The secret of an access key. Another implementation's key is its own secret.
    pub fn secret_key(&self, key: &str) -> String {
        if self.ministack.is_some() && key == ministack::KEY {
            return key.to_owned();
        }
        let operator = self.endpoints["secretAccessKey"].as_str().unwrap();
        local::secret_key(operator, key)
    }

    /// Calls an engine as the holder of an access key: `DynamoDB_20120810.GetItem`, `AmazonSSM.GetParameter`.
    pub async fn call_engine(&self, engine: &str, key: &str, target: &str, body: &Value) -> Answer {
        let version = if engine == "ssm" { "1.1" } else { "1.0" };
        let content_type = format!("application/x-amz-json-{version}");
        let body = body.to_string();
        let request = Unsigned {
            service: engine,
            url: self.endpoint(engine),
            headers: &[("x-amz-target", target), ("content-type", &content_type)],
            body: &body,
        };
        let key = self.access_key(key);
        Answer::of(request.sign(key, &self.secret_key(key))).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Collects what a stream says, and tells when the last line of the greeting has come.
fn follow(
    stream: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    mut ready: Option<mpsc::Sender<()>>,
) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if line.contains("Ctrl-C stops it") {
                ready.take().map(|ready| ready.send(()));
            }
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// `cloakroom` with these arguments, in the project's directory.
pub fn cloakroom<const N: usize>(args: [&str; N]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env(RECORD_CALLS, concat!(env!("CARGO_TARGET_TMPDIR"), "/calls"))
        .args(args);
    command
}

/// Where a system records which grants its functions use; `ci/check_grants.py` reads it after the tests.
pub const RECORD_CALLS: &str = "CLOAKROOM_RECORD_CALLS";

/// The same command without the recording, for calls that functions are not meant to make.
pub fn unrecorded(mut command: Command) -> Command {
    command.env_remove(RECORD_CALLS);
    command
}

/// The parameter that makes a system send mail.
pub const WITH_MAIL: &str = "MailFrom=cloakroom@localhost";

/// `cloakroom dev` on free ports, with its data in `dir`, cheap hashes, no mail, and as many requests
/// as a test may send.
pub fn dev(dir: &Path) -> Command {
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
