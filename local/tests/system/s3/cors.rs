use local::OPERATOR_KEY;
use reqwest::{Method, Response, header::HOST};

use super::{DOOR, FILES, PLAIN, presigning};
use crate::support::TestSystem;

async fn preflight(
    system: &TestSystem,
    bucket: &str,
    origin: &str,
    method: &str,
    headers: &str,
) -> Response {
    system
        .s3_request(Method::OPTIONS, &format!("/{bucket}/a"))
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_preflight_lists_what_is_allowed() {
    let system = TestSystem::start().await;
    let page = "http://page.example";
    for bucket in [FILES, DOOR] {
        let headers = "Content-Type, x-amz-checksum-sha256";
        let answer = preflight(&system, bucket, page, "PUT", headers).await;
        assert_eq!(answer.status(), 200);
        for (name, expected) in [
            ("access-control-allow-origin", page),
            ("access-control-allow-methods", "GET, PUT, POST"),
            (
                "access-control-allow-headers",
                "content-type, x-amz-checksum-sha256",
            ),
            ("access-control-max-age", "60"),
        ] {
            assert_eq!(answer.headers()[name], expected);
        }
        assert!(
            answer.headers()["vary"]
                .to_str()
                .unwrap()
                .contains("Origin")
        );
    }
    let wildcard = preflight(&system, FILES, "https://a.example", "GET", "").await;
    assert_eq!(wildcard.status(), 200);
    for (bucket, origin, method, headers) in [
        (FILES, "http://other.example", "PUT", ""),
        (FILES, page, "DELETE", ""),
        (FILES, page, "PUT", "authorization"),
        (PLAIN, page, "PUT", ""),
    ] {
        let refused = preflight(&system, bucket, origin, method, headers).await;
        assert_eq!(refused.status(), 403);
        assert!(
            !refused
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn a_page_can_read_responses_and_errors() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let get = s3.get_object().bucket(FILES).key("a");
    let get = get.presigned(presigning()).await.unwrap();
    let get = |origin: &str| {
        reqwest::Client::new()
            .get(get.uri())
            .header("origin", origin)
    };
    let missing = get("http://page.example").send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(
        missing.headers()["access-control-allow-origin"],
        "http://page.example"
    );
    s3.put_object().bucket(FILES).key("a").send().await.unwrap();
    let got = get("http://page.example").send().await.unwrap();
    assert_eq!(got.status(), 200);
    assert_eq!(
        got.headers()["access-control-expose-headers"],
        "ETag, Location"
    );
    let other = get("http://other.example").send().await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_bucket_can_be_in_the_host_name() {
    let system = TestSystem::start().await;
    let answer = system
        .s3_request(Method::OPTIONS, "/a")
        .header(HOST, format!("{FILES}.localhost"))
        .header("origin", "http://page.example")
        .header("access-control-request-method", "GET");
    assert_eq!(answer.send().await.unwrap().status(), 200);
}
