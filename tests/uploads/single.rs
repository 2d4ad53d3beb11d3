//! Uploads with a single PUT.

use reqwest::Method;
use serde_json::json;

use super::{
    create_upload, download, presigned, send_file, store_file, upload_path, upload_status,
};
use crate::support::{PASSWORD, Response, TestApp};

#[tokio::test]
async fn a_file_is_uploaded_to_s3_and_downloaded() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "notes Ü.txt", 11).await;
    let upload = &created["upload"];
    assert_eq!(upload["status"], "pending");
    assert_eq!(
        (&upload["size"], &upload["storedAt"]),
        (&json!(11), &json!(null))
    );
    let transfer = &created["transfer"];
    assert_eq!(transfer["method"], "PUT");
    // No other header is signed, so the bucket's CORS rules need no other.
    let headers: Vec<_> = transfer["headers"].as_object().unwrap().keys().collect();
    assert_eq!(headers, ["content-length", "content-type", "if-none-match"]);
    send_file(&created, "hello world").await.expect(200);

    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(completed["upload"]["status"], "stored");
    assert!(completed["upload"]["storedAt"].is_string());
    let again = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(again, completed);

    let file = download(&ada, &created).await.expect(200);
    assert_eq!(file.body, b"hello world");
    assert_eq!(file.header("content-type"), Some("text/plain"));
    assert_eq!(
        file.header("content-disposition"),
        Some("attachment; filename=\"notes _.txt\"; filename*=UTF-8''notes%20%C3%9C.txt")
    );
}

#[tokio::test]
async fn s3_refuses_a_put_that_differs_from_the_created_upload() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    let put = || presigned(&created["transfer"], Method::PUT);
    for (difference, request) in [
        ("longer", put().body("123456")),
        ("shorter", put().body("1234")),
        (
            "another type",
            put().header("content-type", "text/html").body("12345"),
        ),
    ] {
        let response = Response::to(request).await;
        assert!(
            (400..500).contains(&response.status),
            "{difference}: {}",
            response.status
        );
    }
    let url = created["transfer"]["url"].as_str().unwrap();
    let id = created["upload"]["id"].as_str().unwrap();
    for (difference, url) in [
        (
            "another key",
            url.replace(id, "01920000-0000-7000-8000-000000000000"),
        ),
        (
            "another time",
            url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        ),
        ("no signature", url.split('?').next().unwrap().to_owned()),
    ] {
        let mut transfer = created["transfer"].clone();
        transfer["url"] = json!(url);
        let response = Response::to(presigned(&transfer, Method::PUT).body("12345")).await;
        assert_eq!(response.status, 403, "{difference}");
    }
    let incomplete = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(409);
    assert_eq!(incomplete.problem(), "upload_incomplete");
    assert_eq!(upload_status(&ada, &created).await, "pending");

    send_file(&created, "12345").await.expect(200);
    // The URL cannot overwrite the stored file.
    send_file(&created, "54321").await.expect(412);
    ada.post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(200);
    assert_eq!(download(&ada, &created).await.body, b"12345");
}

#[tokio::test]
async fn s3_refuses_a_file_with_another_sha256() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    // SHA-256 of "hello world".
    let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    let body =
        json!({"filename": "a.txt", "contentType": "text/plain", "size": 11, "sha256": digest});
    let created = ada.post("/uploads", &body).await.expect(201).json();
    assert_eq!(created["upload"]["sha256"], digest);
    assert_eq!(send_file(&created, "hello w0rld").await.status, 400);
    send_file(&created, "hello world").await.expect(200);
    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(completed["upload"]["sha256"], digest);
}

#[tokio::test]
async fn an_upload_request_reports_all_invalid_fields_at_once() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({
        "filename": "../etc/passwd", "contentType": "picture", "size": 6_000_000_000_000_u64,
        "sha256": "abc", "colour": "red",
    });
    let problem = ada.post("/uploads", &body).await.expect(422);
    assert_eq!(problem.problem(), "validation_failed");
    let problem = problem.json();
    let errors = problem["errors"].as_array().unwrap().iter();
    let found: Vec<_> = errors
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("/filename", "invalid_filename"),
            ("/contentType", "invalid_content_type"),
            ("/size", "too_large"),
            ("/sha256", "invalid_sha256"),
            ("/colour", "unknown_field"),
        ]
    );
    assert_eq!(
        app.post("/uploads", &json!({})).await.expect(401).problem(),
        "unauthorized"
    );
}

#[tokio::test]
async fn a_filename_that_looks_empty_or_changes_the_direction_of_text_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (filename, status) in [
        ("\u{200b}", 422),
        ("photo\u{202e}gnp.exe", 422),
        ("a\u{200e}.txt", 422),
        ("a\u{2029}.txt", 422),
        (
            "\u{6a9}\u{62a}\u{627}\u{628}\u{200c}\u{647}\u{627}.pdf",
            201,
        ),
    ] {
        let body = json!({"filename": filename, "contentType": "text/plain", "size": 5});
        let response = ada.post("/uploads", &body).await.expect(status).json();
        if status == 422 {
            assert_eq!(
                response["errors"][0]["code"], "invalid_filename",
                "{filename:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_upload_request_repeated_with_its_idempotency_key_creates_one_upload() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let create_upload = |size: usize| {
        let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": size});
        let request = ada
            .request(Method::POST, "/uploads")
            .header("idempotency-key", "k1");
        Response::to(request.json(&body))
    };
    let first = create_upload(5).await.expect(201);
    let again = create_upload(5).await.expect(201);
    assert_eq!(
        (first.json(), first.header("location")),
        (again.json(), again.header("location"))
    );
    assert_eq!(
        create_upload(6).await.expect(422).problem(),
        "idempotency_key_reused"
    );
    let listed = ada.get("/uploads").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);

    let bob = app.new_user("bob@example.com").await;
    let body = json!({"filename": "b.txt", "contentType": "text/plain", "size": 7});
    let request = bob
        .request(Method::POST, "/uploads")
        .header("idempotency-key", "k1");
    Response::to(request.json(&body)).await.expect(201);
}

#[tokio::test]
async fn another_users_upload_is_a_404() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let (ada, bob) = (
        app.new_user("ada@example.com").await,
        app.new_user("bob@example.com").await,
    );
    let upload = store_file(&ada, "a.txt", b"secret").await;
    for (method, rest, body) in [
        (Method::GET, "", json!(null)),
        (Method::DELETE, "", json!(null)),
        (Method::GET, "/parts", json!(null)),
        (Method::POST, "/parts", json!({"partNumbers": [1]})),
        (Method::POST, "/complete", json!({})),
        (Method::GET, "/versions", json!(null)),
        (Method::POST, "/restore", json!({"versionId": "x"})),
        (
            Method::PUT,
            "/lock",
            json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD}),
        ),
    ] {
        let theirs = upload_path(&upload, rest);
        let unknown = format!("/uploads/01920000-0000-7000-8000-000000000000{rest}");
        for path in [theirs, unknown, format!("/uploads/x{rest}")] {
            let mut request = bob.request(method.clone(), &path);
            if !body.is_null() {
                request = request.json(&body);
            }
            let response = Response::to(request).await.expect(404);
            assert_eq!(response.problem(), "not_found", "{method} {path}");
        }
    }
    assert_eq!(upload_status(&ada, &upload).await, "stored");
}

#[tokio::test]
async fn an_empty_file_can_be_uploaded() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "empty", 0).await;
    // Browsers and curl send `content-length: 0`; this client does so only when told.
    let put = presigned(&created["transfer"], Method::PUT).header("content-length", "0");
    Response::to(put).await.expect(200);
    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    assert_eq!(completed.expect(200).json()["upload"]["size"], 0);
    assert_eq!(download(&ada, &created).await.expect(200).body, b"");
}
