//! The routes of the Uppy upload widget under `/s3`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MIB, download, upload_path};
use crate::support::{PASSWORD, Response, SignedIn, TestApp, hours_from_now};

/// Submits a POST form with a file as a browser does.
pub async fn submit(form: &Value, file: &[u8]) -> Response {
    let mut body = Vec::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let part =
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    body.extend(
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
        Content-Type: text/plain\r\n\r\n",
    );
    body.extend(file);
    body.extend(b"\r\n--edge--\r\n");
    let request = reqwest::Client::new()
        .post(form["url"].as_str().unwrap())
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body);
    Response::to(request).await
}

/// Lists the user's uploads.
async fn list_uploads(owner: &SignedIn<'_>) -> Vec<Value> {
    let listed = owner.get("/uploads").await.expect(200).json();
    listed["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_post_form_uploads_a_file() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let form = ada
        .get("/s3/params?filename=a.txt&type=text%2Fplain")
        .await
        .expect(200)
        .json();
    assert_eq!(form["method"], "POST");
    assert!(form["url"].as_str().unwrap().ends_with('/'));
    assert!(form["fields"]["key"].as_str().unwrap().starts_with(&ada.id));
    assert_eq!(form["expires"], 3600);
    let pending = &list_uploads(&ada).await[0];
    assert_eq!(
        (&pending["status"], &pending["size"]),
        (&json!("pending"), &json!(null))
    );

    let mut tampered = form.clone();
    tampered["fields"]["key"] = json!(format!("{}/other", ada.id));
    assert_eq!(submit(&tampered, b"hello").await.status, 403);
    let mut retyped = form.clone();
    retyped["fields"]["Content-Type"] = json!("text/html");
    assert_eq!(submit(&retyped, b"hello").await.status, 403);

    let sent = submit(&form, b"hello").await.expect(201);
    assert!(sent.header("location").is_some());
    crate::support::eventually(async || list_uploads(&ada).await[0]["status"] == "stored").await;
    let stored = &list_uploads(&ada).await[0];
    assert_eq!(
        (&stored["size"], &stored["filename"]),
        (&json!(5), &json!("a.txt"))
    );
}

#[tokio::test]
async fn a_post_form_reserves_the_free_quota_and_releases_the_rest() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let form = ada
        .get("/s3/params?filename=a.txt")
        .await
        .expect(200)
        .json();
    assert_eq!(form["fields"]["Content-Type"], "application/octet-stream");
    assert_eq!(submit(&form, b"12345678901").await.expect(400).status, 400);
    let full = ada.get("/s3/params?filename=b.txt").await.expect(409);
    assert_eq!(full.problem(), "quota_exceeded");
    submit(&form, b"1234567").await.expect(201);
    crate::support::eventually(async || list_uploads(&ada).await[0]["status"] == "stored").await;
    let rest = ada
        .get("/s3/params?filename=b.txt")
        .await
        .expect(200)
        .json();
    assert_eq!(submit(&rest, b"1234").await.status, 400);
    submit(&rest, b"123").await.expect(201);
}

/// Waits until the newest upload is stored with this size, and returns it.
async fn wait_until_stored(owner: &SignedIn<'_>, size: usize) -> Value {
    let is_stored = |upload: &Value| upload["status"] == "stored" && upload["size"] == size;
    crate::support::eventually(async || is_stored(&list_uploads(owner).await[0])).await;
    json!({"upload": list_uploads(owner).await[0]})
}

#[tokio::test]
async fn submitting_a_post_form_again_changes_nothing() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let form = ada.get("/s3/params?filename=a.txt").await.expect(200);
    let form = form.json();
    submit(&form, b"first").await.expect(201);
    let upload = wait_until_stored(&ada, 5).await;
    let key = form["fields"]["key"].as_str().unwrap();
    let versions = app.version_ids(key).await;
    for again in [b"second".as_slice(), b"3", b"the fourth"] {
        submit(&form, again).await.expect(201);
        crate::support::eventually(async || app.version_ids(key).await == versions).await;
    }
    assert_eq!(wait_until_stored(&ada, 5).await, upload);
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"first");
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!(usage, json!({"quota": 10, "used": 5, "kept": 0}));
}

#[tokio::test]
async fn a_post_form_does_not_replace_a_locked_file() {
    let app = TestApp::start_with(&["MaxLockDays=1"]);
    let ada = app.new_user("ada@example.com").await;
    let form = ada.get("/s3/params?filename=a.txt").await.expect(200);
    let form = form.json();
    submit(&form, b"hello").await.expect(201);
    let upload = wait_until_stored(&ada, 5).await;
    let until = json!({"until": hours_from_now(24).0});
    ada.put(&upload_path(&upload, "/lock"), &until)
        .await
        .expect(200);
    let versions = async || {
        let listed = ada
            .get(&upload_path(&upload, "/versions"))
            .await
            .expect(200);
        listed.json()["items"].clone()
    };
    let locked = versions().await;
    for _ in 0..2 {
        submit(&form, b"something else").await.expect(201);
        // Before and after the S3 event arrives.
        assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
        crate::support::eventually(async || versions().await == locked).await;
    }
    let shown = ada.get(&upload_path(&upload, "")).await.expect(200).json();
    assert_eq!(shown["upload"], upload["upload"]);
}

/// Sends parts of these sizes as the widget does, and returns the list for the completion.
async fn send_parts(
    owner: &SignedIn<'_>,
    base: &str,
    started: &Value,
    sizes: &[usize],
) -> Vec<Value> {
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let numbers: Vec<_> = (1..=sizes.len()).map(|number| number.to_string()).collect();
    let path = format!(
        "{base}/multipart/{id}/batch?key={key}&partNumbers={}",
        numbers.join(",")
    );
    let signed = owner.get(&path).await.expect(200).json();
    let mut parts = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let url = signed["presignedUrls"][number.to_string()]
            .as_str()
            .unwrap();
        let put = reqwest::Client::new().put(url).body(vec![b'x'; *size]);
        let sent = Response::to(put).await.expect(200);
        // The widget also sends the size.
        parts.push(
            json!({"PartNumber": number, "ETag": sent.header("etag").unwrap(), "Size": size}),
        );
    }
    parts
}

#[tokio::test]
async fn a_multipart_upload_accepts_parts_of_any_size() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4", "metadata": {"name": "film.mp4", "a": [1]}});
    let started = ada.post("/s3/multipart", &body).await.expect(200).json();
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let parts = send_parts(&ada, "/s3", &started, &[5 * MIB, 7]).await;

    let one = ada
        .get(&format!("/s3/multipart/{id}/2?key={key}"))
        .await
        .expect(200)
        .json();
    assert_eq!(one["expires"], 3600);
    let listed = ada
        .get(&format!("/s3/multipart/{id}?key={key}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        listed[1],
        json!({"PartNumber": 2, "Size": 7, "ETag": parts[1]["ETag"]})
    );
    assert_eq!(listed.as_array().unwrap().len(), 2);

    let path = format!("/s3/multipart/{id}/complete?key={key}");
    let done = ada
        .post(&path, &json!({"parts": parts}))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&done["key"], &done["bucket"]),
        (&started["key"], &started["bucket"])
    );
    assert!(done["location"].as_str().unwrap().ends_with(key));
    assert_eq!(
        ada.post(&path, &json!({"parts": parts}))
            .await
            .expect(200)
            .json(),
        done
    );
    let stored = &list_uploads(&ada).await[0];
    assert_eq!(
        (&stored["status"], &stored["size"]),
        (&json!("stored"), &json!(5 * MIB + 7))
    );
    let late = ada
        .get(&format!("/s3/multipart/{id}/1?key={key}"))
        .await
        .expect(409);
    assert_eq!(late.problem(), "upload_not_pending");
    let aborted =
        Response::to(ada.request(Method::DELETE, &format!("/s3/multipart/{id}?key={key}"))).await;
    assert_eq!(aborted.expect(409).problem(), "upload_not_pending");
}

#[tokio::test]
async fn parts_count_against_the_quota_before_completion() {
    let app = TestApp::start_with(&[&format!("UploadQuotaBytes={}", 6 * MIB)]);
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "", "metadata": null});
    let started = ada.post("/s3/multipart", &body).await.expect(200).json();
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let parts = send_parts(&ada, "/s3", &started, &[5 * MIB, 2 * MIB]).await;
    let path = format!("/s3/multipart/{id}/complete?key={key}");
    let full = ada.post(&path, &json!({"parts": parts})).await.expect(409);
    assert_eq!(full.problem(), "quota_exceeded");
    assert_eq!(list_uploads(&ada).await[0]["status"], "failed");

    let started = ada.post("/s3/multipart", &body).await.expect(200).json();
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let parts = send_parts(&ada, "/s3", &started, &[5 * MIB, MIB]).await;
    let path = format!("/s3/multipart/{id}/complete?key={key}");
    ada.post(&path, &json!({"parts": parts})).await.expect(200);
    let full = ada.post("/s3/multipart", &body).await.expect(409);
    assert_eq!(full.problem(), "quota_exceeded");
}

#[tokio::test]
async fn an_upload_grant_allows_uploads_and_nothing_else() {
    let app = TestApp::start();
    let (ada, bob) = (
        app.new_user("ada@example.com").await,
        app.new_user("bob@example.com").await,
    );
    let granted = Response::to(ada.request(Method::POST, "/s3/grants"))
        .await
        .expect(201);
    assert_eq!(granted.header("cache-control"), Some("no-store"));
    let granted = granted.json();
    let endpoint = granted["companionEndpoint"].as_str().unwrap();
    let base = endpoint
        .strip_prefix(app.endpoint("api"))
        .unwrap()
        .to_owned();
    let grant = base.strip_prefix("/s3/g/").unwrap();
    assert!(grant.len() >= 43 && granted["expiresAt"].is_string());

    // No access token is needed: the URL contains the grant.
    let anonymous = SignedIn::with_token(&app, String::new());
    let get = async |path: &str| app.get(&format!("{base}{path}")).await;
    let form = get("/params?filename=a.txt").await.expect(200).json();
    submit(&form, b"hello").await.expect(201);
    let started = app
        .post(&format!("{base}/multipart"), &json!({"filename": "b.bin"}))
        .await;
    let started = started.expect(200).json();
    assert!(started["key"].as_str().unwrap().starts_with(&ada.id));
    let parts = send_parts(&anonymous, &base, &started, &[5]).await;
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let done = app
        .post(
            &format!("{base}/multipart/{id}/complete?key={key}"),
            &json!({"parts": parts}),
        )
        .await;
    done.expect(200);
    assert_eq!(list_uploads(&ada).await.len(), 2);

    // The path that Uppy 6 requests.
    get("/s3/params?filename=c.txt").await.expect(200);

    get("/grants").await.expect(404);
    app.post(&format!("{base}/grants"), &json!({}))
        .await
        .expect(404);
    for other in ["/s3/g/x", &base[..base.len() - 1], &format!("{base}A")] {
        let refused = app
            .get(&format!("{other}/params?filename=a.txt"))
            .await
            .expect(401);
        assert_eq!(refused.problem(), "invalid_token", "{other}");
    }
    app.get("/s3/params?filename=a.txt").await.expect(401);
    // An upload of another user is a 404, for both of them.
    for (caller, base) in [(&bob, "/s3"), (&ada, "/s3")] {
        let key = key.replace(&ada.id, &bob.id);
        caller
            .get(&format!("{base}/multipart/{id}?key={key}"))
            .await
            .expect(404);
    }
    bob.get(&format!("/s3/multipart/{id}?key={key}"))
        .await
        .expect(404);
    ada.get(&format!("/s3/multipart/x?key={key}"))
        .await
        .expect(404);
    ada.get(&format!("/s3/multipart/{id}")).await.expect(422);

    let table = json!({"TableName": "cloakroom-dev-UploadGrantsTable"});
    let kept = app
        .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &table)
        .await;
    let kept = String::from_utf8(kept.expect(200).body).unwrap();
    assert!(kept.contains(&ada.id) && !kept.contains(grant), "{kept}");
    let log = app.complete_log().await;
    assert!(!log.contains(grant), "{log}");
}

/// Creates an upload grant and uses it once. The returned body is the path of the grant below the API.
async fn create_grant(app: &TestApp, owner: &SignedIn<'_>) -> Response {
    let granted = Response::to(owner.request(Method::POST, "/s3/grants")).await;
    if granted.status != 201 {
        return granted;
    }
    let endpoint = granted.json()["companionEndpoint"].clone();
    let base = endpoint.as_str().unwrap();
    let base = base.strip_prefix(app.endpoint("api")).unwrap();
    let used = app.get(&format!("{base}/params?filename=a.txt")).await;
    Response {
        body: base.as_bytes().to_vec(),
        ..used
    }
}

#[tokio::test]
async fn an_upload_grant_ends_with_the_sessions_of_its_owner() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let everywhere = "/signout?everywhere=true";
    for end in ["signed out", "password changed", "disabled", "deleted"] {
        let email = format!("{}@example.com", end.replace(' ', "."));
        let user = app.new_user(&email).await;
        let granted = create_grant(&app, &user).await.expect(200);
        let base = String::from_utf8(granted.body).unwrap();
        let body = json!({"filename": "b.bin"});
        let started = app.post(&format!("{base}/multipart"), &body).await;
        let started = started.expect(200).json();
        match end {
            "signed out" => user.post(everywhere, &json!({})).await.expect(204),
            "password changed" => {
                let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
                user.put("/users/me/password", &body).await.expect(204)
            }
            "disabled" => {
                let path = format!("/admin/users/{}/disable", user.id);
                admin.post(&path, &json!(null)).await.expect(200)
            }
            _ => {
                let body = json!({"password": PASSWORD});
                user.delete("/users/me", &body).await.expect(204)
            }
        };
        let (id, key) = (
            started["uploadId"].as_str().unwrap(),
            started["key"].as_str().unwrap(),
        );
        for path in [
            "/params?filename=a.txt".to_owned(),
            format!("/multipart/{id}?key={key}"),
            format!("/multipart/{id}/1?key={key}"),
            format!("/s3/multipart/{id}/batch?key={key}&partNumbers=1"),
        ] {
            let refused = app.get(&format!("{base}{path}")).await.expect(401);
            assert_eq!(refused.problem(), "invalid_token", "{end}: {path}");
        }
        // The access token is still valid. It creates no new grant, unless the password change kept the session.
        let again = create_grant(&app, &user).await;
        if end == "password changed" {
            again.expect(200);
        } else {
            assert_eq!(again.expect(401).problem(), "session_ended", "{end}");
        }
    }
}

#[tokio::test]
async fn parts_are_signed_with_their_length_when_the_metadata_has_the_size() {
    let app = TestApp::start_with(&[&format!("UploadQuotaBytes={}", 12 * MIB)]);
    let ada = app.new_user("ada@example.com").await;
    let create_upload = async |size: Value| {
        let body = json!({"filename": "film.mp4", "type": "video/mp4", "metadata": {"size": size}});
        ada.post("/s3/multipart", &body).await
    };
    let refused = create_upload(json!(13 * MIB)).await.expect(409);
    assert_eq!(refused.problem(), "quota_exceeded");
    let started = create_upload(json!((5 * MIB + 7).to_string()))
        .await
        .expect(200)
        .json();
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!(usage["used"], 5 * MIB + 7);
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let sign = async |number: usize| {
        ada.get(&format!("/s3/multipart/{id}/{number}?key={key}"))
            .await
    };
    assert_eq!(sign(3).await.expect(422).problem(), "validation_failed");
    let url = sign(2).await.expect(200).json()["url"].clone();
    for (length, status) in [(8, 403), (6, 403), (7, 200)] {
        let put = reqwest::Client::new().put(url.as_str().unwrap());
        let sent = Response::to(put.body(vec![b'x'; length])).await;
        assert_eq!(sent.status, status, "{length}");
    }
    let parts = send_parts(&ada, "/s3", &started, &[5 * MIB, 7]).await;
    let path = format!("/s3/multipart/{id}/complete?key={key}");
    ada.post(&path, &json!({"parts": parts})).await.expect(200);
    assert_eq!(app.stored_bytes(&ada.id).await, (5 * MIB + 7) as u64);
}

#[tokio::test]
async fn an_upload_started_by_the_widget_can_be_finished_by_the_client() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    ada.post("/s3/multipart", &body).await.expect(200);
    let upload = &list_uploads(&ada).await[0];
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    // The request had no size, so parts may have any size and any number that S3 accepts.
    let signed = ada
        .post(
            &format!("{path}/parts"),
            &json!({"partNumbers": [1, 10_000]}),
        )
        .await
        .expect(200)
        .json();
    let mut parts = Vec::new();
    for (part, size) in [(0, 5 * MIB), (1, 7)] {
        let part = &signed["parts"][part];
        let put = super::presigned(part, Method::PUT).body(vec![b'x'; size]);
        let sent = Response::to(put).await.expect(200);
        parts.push(json!({"partNumber": part["partNumber"], "etag": sent.header("etag").unwrap()}));
    }
    let stored = ada
        .post(&format!("{path}/complete"), &json!({"parts": parts}))
        .await
        .expect(200)
        .json();
    assert_eq!(stored["upload"]["size"], json!(5 * MIB + 7));
}

#[tokio::test]
async fn the_message_of_a_widget_error_says_what_is_wrong() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let listed = ada.get("/s3/params?filename=").await.expect(422);
    assert_eq!(listed.problem(), "validation_failed");
    assert_eq!(
        listed.json()["message"],
        "filename: This parameter is required."
    );
    let body = json!({"filename": "a.txt", "type": "no type", "metadata": {}});
    let refused = ada.post("/s3/multipart", &body).await.expect(422).json();
    let (message, error) = (&refused["message"], &refused["errors"][0]);
    assert_eq!(
        message.as_str().unwrap(),
        format!("type: {}", error["detail"].as_str().unwrap())
    );
    assert_eq!(message, &refused["detail"]);
}

#[tokio::test]
async fn a_widget_request_repeated_with_its_idempotency_key_creates_nothing_new() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let post_with_key = async |user: &SignedIn<'_>, path: &str, key: &str, body: &Value| {
        let request = user.request(Method::POST, path).json(body);
        Response::to(request.header("idempotency-key", key)).await
    };
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    let start = async |key| {
        post_with_key(&ada, "/s3/multipart", key, &body)
            .await
            .expect(200)
    };
    let (first, second) = tokio::join!(start("one"), start("one"));
    assert_eq!(first.json(), second.json());
    assert_eq!(list_uploads(&ada).await.len(), 1);
    assert_ne!(start("two").await.json(), first.json());
    for other in [
        json!({"filename": "other.mp4", "type": "video/mp4"}),
        json!({"filename": "film.mp4", "type": "video/mp4", "metadata": {"take": 2}}),
    ] {
        let reused = post_with_key(&ada, "/s3/multipart", "one", &other).await;
        assert_eq!(reused.expect(422).problem(), "idempotency_key_reused");
    }

    let none = json!({});
    let create = async |user, key| {
        post_with_key(user, "/s3/grants", key, &none)
            .await
            .expect(201)
            .json()
    };
    let (first, second) = tokio::join!(create(&ada, "one"), create(&ada, "one"));
    assert_eq!(first, second);
    assert_eq!(create(&ada, "one").await, first);
    assert_ne!(create(&ada, "two").await, first);
    assert_ne!(create(&bob, "one").await, first);
    let endpoint = first["companionEndpoint"].as_str().unwrap();
    let base = endpoint.strip_prefix(app.endpoint("api")).unwrap();
    app.get(&format!("{base}/params?filename=a.txt"))
        .await
        .expect(200);
    let grant = base.strip_prefix("/s3/g/").unwrap();
    for table in ["UploadGrantsTable", "IdempotencyTable"] {
        let table = json!({"TableName": format!("cloakroom-dev-{table}")});
        let kept = app
            .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &table)
            .await;
        let kept = String::from_utf8(kept.expect(200).body).unwrap();
        assert!(!kept.contains(grant), "{kept}");
    }
}
