//! A receiver of webhooks: an HTTP server on this machine that records requests and answers them by a script.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::eventually;

/// How a receiver answers one request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// With this status, after a while.
    Slow(Duration, u16),
    /// With a redirect to this URL.
    Redirect(String),
    /// It closes the connection.
    Close,
}

/// A request that a receiver got.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("{name} in {:?}", self.headers))
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    script: VecDeque<Answer>,
    /// Requests that are answered at this moment, and the most that ever were.
    running: usize,
    most: usize,
}

/// A running receiver. It answers with 204 when its script has ended, and stops with the test.
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// Adds answers to the next requests.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().script.extend(answers);
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// Returns the most requests that were answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most
    }

    /// Waits until there are this many requests.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually(async || self.received().len() >= count).await;
        self.received()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(received) = read(&mut stream).await else {
        return;
    };
    let answer = {
        let mut state = state.lock().unwrap();
        state.received.push(received);
        state.running += 1;
        state.most = state.most.max(state.running);
        state.script.pop_front().unwrap_or(Answer::Status(204))
    };
    respond(&mut stream, answer).await;
    state.lock().unwrap().running -= 1;
}

async fn respond(stream: &mut TcpStream, answer: Answer) {
    let (status, location) = match answer {
        Answer::Status(status) => (status, String::new()),
        Answer::Slow(delay, status) => {
            tokio::time::sleep(delay).await;
            (status, String::new())
        }
        Answer::Redirect(url) => (302, format!("location: {url}\r\n")),
        Answer::Close => return,
    };
    let secret = "the body of a response is never kept";
    let body = if status == 204 { "" } else { secret };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} -\r\n{location}content-length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(head.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        let found = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = found {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head + 4..].to_vec()).ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}
