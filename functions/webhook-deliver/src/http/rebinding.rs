//! Names whose addresses change between two questions, with a name server of this machine.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::name_server::NameServer;

const HOST: &str = "hooks.example.org";

async fn post(server: &NameServer, reach: Reach, url: &str) -> AttemptResult {
    let mut sender = Sender::new(reach).unwrap();
    sender.resolver = Resolver::Server(server.address);
    let url = EndpointUrl::parse(url, Reach::Loopback).unwrap();
    let headers = SignedHeaders {
        id: "evt_1".to_owned(),
        timestamp: 7,
        signature: "v1,AAAA".to_owned(),
    };
    sender.post(&url, &headers, "{}").await
}

async fn addresses(server: &NameServer, url: &str) -> Result<Vec<SocketAddr>, FailureKind> {
    let url = EndpointUrl::parse(url, Reach::Internet).unwrap();
    allowed_addresses(&url, Reach::Internet, Resolver::Server(server.address)).await
}

#[tokio::test]
async fn a_name_that_becomes_an_address_of_this_machine_is_refused_at_the_next_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://{HOST}:{port}/");
    let server = NameServer::start(&[&["8.8.8.8"], &["127.0.0.1"]]).await;
    let public = SocketAddr::new("8.8.8.8".parse().unwrap(), port);
    assert_eq!(addresses(&server, &url).await, Ok(vec![public]));
    let refused = AttemptResult::Failed(FailureKind::ForbiddenAddress);
    assert_eq!(post(&server, Reach::Internet, &url).await, refused);
    let reached = timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(reached.is_err(), "the server was connected to");
}

#[tokio::test]
async fn one_forbidden_address_among_others_is_refused() {
    for answer in [
        ["8.8.8.8", "169.254.169.254"],
        ["10.0.0.1", "8.8.8.8"],
        ["8.8.8.8", "::1"],
        ["8.8.8.8", "::ffff:127.0.0.1"],
        ["2606:4700::1111", "fd00:ec2::254"],
    ] {
        let server = NameServer::start(&[&answer]).await;
        let found = addresses(&server, &format!("https://{HOST}/")).await;
        assert_eq!(found, Err(FailureKind::ForbiddenAddress), "{answer:?}");
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_the_connection_goes_to_that_address() {
    let checked = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = checked.local_addr().unwrap().port();
    let other = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = checked.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 -\r\n\r\n").await.unwrap();
        String::from_utf8(request[..length].to_vec()).unwrap()
    });
    // Each further question has the other address as its answer.
    let server = NameServer::start(&[&["127.0.0.1"], &["127.0.0.2"]]).await;
    // Of names, only this one is reached without TLS.
    let url = format!("http://localhost:{port}/");
    let result = post(&server, Reach::Loopback, &url).await;
    assert_eq!(result, AttemptResult::Status(204));
    let request = answering.await.unwrap();
    assert!(
        request.contains(&format!("host: localhost:{port}\r\n")),
        "{request}"
    );
    assert_eq!(server.asked(), 1);
    let reached = timeout(Duration::from_millis(50), other.accept()).await;
    assert!(reached.is_err(), "the other address was connected to");
}
