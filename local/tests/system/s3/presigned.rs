use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use local::OPERATOR_KEY;
use reqwest::{Client, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{FILES, code, presigning};
use crate::support::TestSystem;

/// Presigns a PUT of five bytes of text.
async fn put_url(system: &TestSystem) -> PresignedRequest {
    let put = system.s3(OPERATOR_KEY).put_object().bucket(FILES).key("a");
    let put = put
        .content_type("text/plain")
        .content_length(5)
        .if_none_match("*");
    put.presigned(presigning()).await.unwrap()
}

/// Sends the request with changed or removed headers.
async fn send(
    request: &PresignedRequest,
    url: &str,
    body: &'static str,
    change: &[(&str, Option<&str>)],
) -> Response {
    let mut headers: Vec<_> = request.headers().collect();
    headers.retain(|(name, _)| *name != "content-length");
    headers.retain(|(name, _)| change.iter().all(|(changed, _)| changed != name));
    for (name, value) in change {
        headers.extend(value.map(|value| (*name, value)));
    }
    let method = request.method().parse().unwrap();
    let mut sent = Client::new().request(method, url).body(body);
    for (name, value) in headers {
        sent = sent.header(name, value);
    }
    sent.send().await.unwrap()
}

async fn is_stored(system: &TestSystem) -> bool {
    let head = system.s3(OPERATOR_KEY).head_object().bucket(FILES).key("a");
    head.send().await.is_ok()
}

#[tokio::test]
async fn a_presigned_url_is_accepted() {
    let system = TestSystem::start().await;
    let put = put_url(&system).await;
    let stored = send(&put, put.uri(), "hello", &[]).await;
    assert_eq!(stored.status(), 200, "{}", stored.text().await.unwrap());
    let again = send(&put, put.uri(), "hello", &[]).await;
    assert_eq!(again.status(), 412);

    let get = system
        .s3(OPERATOR_KEY)
        .get_object()
        .bucket(FILES)
        .key("a")
        .response_content_disposition("attachment; filename=\"a b\"")
        .response_content_type("text/css");
    let get = get.presigned(presigning()).await.unwrap();
    let got = Client::new().get(get.uri()).send().await.unwrap();
    assert_eq!(got.headers()["content-type"], "text/css");
    let disposition = &got.headers()["content-disposition"];
    assert_eq!(disposition, "attachment; filename=\"a b\"");
    assert!(got.headers().contains_key("x-amz-request-id"));
    assert_eq!(got.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_request_that_differs_from_the_signed_one_is_refused() {
    let system = TestSystem::start().await;
    let put = put_url(&system).await;
    let url = put.uri();
    let other_key = url.replace("/a?", "/b?");
    let signature = url.split("X-Amz-Signature=").nth(1).unwrap();
    let first = &signature[..1];
    let other_first = if first == "0" { "1" } else { "0" };
    let other_signature = url.replace(
        &format!("Signature={signature}"),
        &format!("Signature={other_first}{}", &signature[1..]),
    );
    let longer_life = url.replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    let stranger = url.replace("Credential=local%2F", "Credential=stranger%2F");
    let mismatch = "SignatureDoesNotMatch";
    for (what, url, body, change, expected) in [
        ("length", url, "hello!", vec![], mismatch),
        ("empty", url, "", vec![], mismatch),
        (
            "type",
            url,
            "hello",
            vec![("content-type", Some("text/html"))],
            mismatch,
        ),
        (
            "no type",
            url,
            "hello",
            vec![("content-type", None)],
            mismatch,
        ),
        (
            "no condition",
            url,
            "hello",
            vec![("if-none-match", None)],
            mismatch,
        ),
        ("key", &other_key, "hello", vec![], mismatch),
        ("signature", &other_signature, "hello", vec![], mismatch),
        ("life", &longer_life, "hello", vec![], mismatch),
        ("stranger", &stranger, "hello", vec![], "InvalidAccessKeyId"),
        (
            "header",
            url,
            "hello",
            vec![("x-amz-meta-color", Some("red"))],
            "AccessDenied",
        ),
    ] {
        let refused = send(&put, url, body, &change).await;
        let status = refused.status();
        let error = refused.text().await.unwrap();
        assert_eq!(status, 403, "{what}: {error}");
        assert!(
            error.contains(&format!("<Code>{expected}</Code>")),
            "{what}: {error}"
        );
        assert!(error.contains("<RequestId>"), "{error}");
    }
    assert!(!is_stored(&system).await);
}

#[tokio::test]
async fn an_expired_url_is_refused() {
    let system = TestSystem::start().await;
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK signs with the system's time"
    )]
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    let past = PresigningConfig::builder()
        .start_time(hour_ago)
        .expires_in(Duration::from_mins(1))
        .build();
    let get = system.s3(OPERATOR_KEY).get_object().bucket(FILES).key("a");
    let get = get.presigned(past.unwrap()).await.unwrap();
    let expired = Client::new().get(get.uri()).send().await.unwrap();
    assert_eq!(expired.status(), 403);
    let error = expired.text().await.unwrap();
    assert!(error.contains("<Code>AccessDenied</Code>"), "{error}");
    assert!(
        error.contains("<Message>Request has expired</Message>"),
        "{error}"
    );
}

#[tokio::test]
async fn a_checksum_can_be_signed() {
    let system = TestSystem::start().await;
    let put = system.s3(OPERATOR_KEY).put_object().bucket(FILES).key("a");
    // The checksum of "hello".
    let put = put.checksum_sha256("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    let put = put.content_length(5).presigned(presigning()).await.unwrap();
    let other = send(&put, put.uri(), "olleh", &[]).await;
    assert_eq!(other.status(), 400);
    let error = other.text().await.unwrap();
    assert!(error.contains("<Code>BadDigest</Code>"), "{error}");
    assert!(!is_stored(&system).await);
    let stored = send(&put, put.uri(), "hello", &[]).await;
    assert_eq!(stored.status(), 200, "{}", stored.text().await.unwrap());
}

#[tokio::test]
async fn a_truncated_body_stores_nothing() {
    let system = TestSystem::start().await;
    let put = put_url(&system).await;
    let url = reqwest::Url::parse(put.uri()).unwrap();
    let address = format!("127.0.0.1:{}", url.port().unwrap());
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "PUT {}?{} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 5\r\n\
         content-type: text/plain\r\nif-none-match: *\r\n\r\nhel",
        url.path(),
        url.query().unwrap()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!is_stored(&system).await);
    let data = system
        .data_dir()
        .join("s3.ephemeral")
        .join(FILES)
        .join("data");
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 0);
}

#[tokio::test]
async fn a_wrong_session_token_is_refused() {
    let system = TestSystem::start().await;
    let url = &system.system().endpoints().s3;
    let credentials = |token: &str| {
        let token = Some(token.to_owned());
        let secret = system.secret_of(OPERATOR_KEY);
        aws_credential_types::Credentials::new(OPERATOR_KEY, secret, token, None, "test")
    };
    let list = |token| {
        let s3 = crate::support::s3_with(url, credentials(token));
        s3.list_objects_v2().bucket(FILES).send()
    };
    assert!(list("local").await.is_ok());
    assert_eq!(code(&list("stolen").await.unwrap_err()), "InvalidToken");
    let other = aws_credential_types::Credentials::new(OPERATOR_KEY, "other", None, None, "test");
    let s3 = crate::support::s3_with(url, other);
    let refused = s3.list_objects_v2().bucket(FILES).send().await;
    assert_eq!(code(&refused.unwrap_err()), "SignatureDoesNotMatch");
}
