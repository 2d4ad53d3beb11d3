use std::time::Instant;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

/// A server that gives one answer to one request, and returns the request.
async fn server(answer: &'static str, ends: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if !ends {
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        String::from_utf8(request[..length].to_vec()).unwrap()
    });
    (format!("http://127.0.0.1:{port}/hook?a=b"), task)
}

async fn post(url: &str, reach: Reach) -> AttemptResult {
    let sender = Sender::new(reach).unwrap();
    let url = EndpointUrl::parse(url, Reach::Loopback).unwrap();
    let headers = SignedHeaders {
        id: "evt_1".to_owned(),
        timestamp: 7,
        signature: "v1,AAAA".to_owned(),
    };
    sender.post(&url, &headers, "{\"a\":1}").await
}

#[tokio::test]
async fn a_request_has_the_signed_headers_and_the_payload() {
    let (url, task) = server("HTTP/1.1 204 No Content\r\n\r\n", true).await;
    let result = post(&url, Reach::Loopback).await;
    assert_eq!(result, AttemptResult::Status(204));
    let request = task.await.unwrap();
    assert!(
        request.starts_with("POST /hook?a=b HTTP/1.1\r\n"),
        "{request}"
    );
    for line in [
        "webhook-id: evt_1\r\n",
        "webhook-timestamp: 7\r\n",
        "webhook-signature: v1,AAAA\r\n",
        "content-type: application/json\r\n",
        "content-length: 7\r\n",
        "host: 127.0.0.1:",
        "\r\n\r\n{\"a\":1}",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = target.local_addr().unwrap().port();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n"
        );
        let (url, _) = server(answer.leak(), true).await;
        let result = post(&url, Reach::Loopback).await;
        assert_eq!(result, AttemptResult::Status(status[..3].parse().unwrap()));
    }
    let reached = timeout(Duration::from_millis(50), target.accept()).await;
    assert!(
        reached.is_err(),
        "the target of the redirect was connected to"
    );
}

#[tokio::test]
async fn a_server_of_this_machine_is_not_reached_on_aws() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let refused = AttemptResult::Failed(FailureKind::ForbiddenAddress);
            assert_eq!(post(&url, Reach::Internet).await, refused, "{url}");
        }
    }
    let reached = timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(reached.is_err(), "the server was connected to");
    let sender = Sender::new(Reach::Internet).unwrap();
    let address = listener.local_addr().unwrap();
    let connected = sender.connect(&[address]).await;
    assert_eq!(connected.unwrap_err(), FailureKind::ForbiddenAddress);
}

#[tokio::test]
async fn answers_that_are_not_http_and_closed_connections_fail() {
    let failed = AttemptResult::Failed;
    let (url, _) = server("SSH-2.0-OpenSSH\r\n\r\n", true).await;
    assert_eq!(
        post(&url, Reach::Loopback).await,
        failed(FailureKind::Protocol)
    );
    let (url, _) = server("", true).await;
    assert_eq!(
        post(&url, Reach::Loopback).await,
        failed(FailureKind::Connection)
    );
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    assert_eq!(
        post(&url, Reach::Loopback).await,
        failed(FailureKind::Connection)
    );
    let (url, _) = server("HTTP/1.1 200 OK\r\n\r\n", true).await;
    let tls = url.replace("http://", "https://");
    assert_eq!(post(&tls, Reach::Loopback).await, failed(FailureKind::Tls));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_respond_is_given_15_seconds() {
    let (url, _) = server("", false).await;
    let result = post(&url, Reach::Loopback).await;
    assert_eq!(result, AttemptResult::Failed(FailureKind::Timeout));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_and_the_status_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut written = 0;
        while stream.write_all(&[0; 1024]).await.is_ok() {
            written += 1024;
        }
        written
    });
    let started = Instant::now();
    assert_eq!(
        post(&url, Reach::Loopback).await,
        AttemptResult::Status(200)
    );
    assert!(started.elapsed() < ATTEMPT);
    // What the kernels buffer is in addition to what was received.
    assert!(task.await.unwrap() < 50_000_000);
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\na: ").await.unwrap();
        while stream.write_all(&[b'a'; 1024]).await.is_ok() {}
    });
    let result = post(&url, Reach::Loopback).await;
    assert_eq!(result, AttemptResult::Failed(FailureKind::Protocol));
}
