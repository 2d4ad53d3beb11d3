//! The page at `/`.

use reqwest::Method;
use serde_json::Value;

use crate::support::{Response, TestApp};

#[tokio::test]
async fn the_page_and_its_files_are_served_beside_the_api() {
    let app = TestApp::start();
    let page = app.get("/").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(
        policy.contains(&format!("connect-src 'self' {};", app.endpoint("s3"))),
        "{policy}"
    );
    let html = String::from_utf8(page.body).unwrap();
    for (path, kind) in [("demo.js", "text/javascript"), ("demo.css", "text/css")] {
        assert!(html.contains(&format!("\"{path}\"")), "{path}");
        let file = app.get(&format!("/{path}")).await.expect(200);
        assert_eq!(file.header("content-type"), Some(kind));
        assert!(!file.body.is_empty());
    }
    app.get("/cloakroom.js").await.expect(200);
    let head = Response::to(app.request(Method::HEAD, "/"))
        .await
        .expect(200);
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn the_api_reference_and_its_document_are_served_under_the_policy_of_the_page() {
    let app = TestApp::start();
    let policy = app
        .get("/")
        .await
        .header("content-security-policy")
        .unwrap()
        .to_owned();
    let page = app.get("/docs").await.expect(200);
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(
        page.header("content-security-policy"),
        Some(policy.as_str())
    );
    for file in [
        "docs.js",
        "docs.css",
        "vendor/swagger-ui-bundle.js",
        "vendor/swagger-ui.css",
    ] {
        assert!(
            String::from_utf8_lossy(&page.body).contains(&format!("\"{file}\"")),
            "{file}"
        );
        app.get(&format!("/docs/{file}")).await.expect(200);
    }
    let document = app.get("/openapi.json").await.expect(200);
    assert_eq!(document.header("content-type"), Some("application/json"));
    let mut document = document.json();
    assert_eq!(document["servers"][0]["url"], app.endpoint("api"));
    assert_eq!(document["servers"].as_array().unwrap().len(), 1);
    let mut expected: Value =
        serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    for either in [&mut document, &mut expected] {
        either.as_object_mut().unwrap().remove("servers");
    }
    assert!(document == expected);
}

#[tokio::test]
async fn a_path_without_a_file_is_answered_by_the_api() {
    let app = TestApp::start();
    for path in [
        "/nope.js",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/demo.js/x",
        "/web/demo.js",
    ] {
        assert_eq!(
            app.get(path).await.expect(404).problem(),
            "not_found",
            "{path}"
        );
    }
    let posted = Response::to(app.request(Method::POST, "/"))
        .await
        .expect(404);
    assert_eq!(posted.problem(), "not_found");
    assert_eq!(
        app.get("/users").await.expect(401).problem(),
        "unauthorized"
    );
}

#[tokio::test]
async fn the_page_may_upload_to_s3_from_127_0_0_1_and_from_localhost() {
    let app = TestApp::start();
    let api = app.endpoint("api");
    let bucket = format!("{}/cloakroom-dev-uploadsbucket/key", app.endpoint("s3"));
    for (origin, allowed) in [
        (api.to_owned(), true),
        (api.replace("127.0.0.1", "localhost"), true),
        ("http://evil.example".to_owned(), false),
    ] {
        let preflight = reqwest::Client::new()
            .request(Method::OPTIONS, &bucket)
            .header("origin", &origin)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "content-type,if-none-match,x-amz-checksum-sha256",
            );
        let response = Response::to(preflight).await;
        assert_eq!(response.status, if allowed { 200 } else { 403 }, "{origin}");
        let expected = allowed.then_some(origin.as_str());
        assert_eq!(response.header("access-control-allow-origin"), expected);
    }
}

#[tokio::test]
async fn a_browser_on_an_unknown_path_gets_a_page_and_a_program_a_problem() {
    let app = TestApp::start();
    let get = async |path: &str, accept: &str| {
        let request = app.request(Method::GET, path).header("accept", accept);
        Response::to(request).await.expect(404)
    };
    let page = get("/a/b", "text/html,*/*;q=0.8").await;
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert!(
        String::from_utf8(page.body)
            .unwrap()
            .contains("Page not found")
    );
    for accept in ["*/*", "application/json"] {
        assert_eq!(get("/a/b", accept).await.problem(), "not_found", "{accept}");
    }
    // A route that exists answers itself.
    let missing = get("/uploads/x/y", "application/json").await;
    assert_eq!(missing.problem(), "not_found");
}
