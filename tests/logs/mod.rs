//! Secrets and personal data do not appear in logs. All values that the tests send or receive are recognizable canaries.

mod document;
mod every_operation;
mod lines;
mod metrics;

use std::fs;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, SignedIn, TestApp, eventually, hours_from_now,
    lines::{assert_is_valid, lines_of},
    parts,
    routes::operations,
    token_in,
};

const PASSWORDS: [&str; 3] = [
    "Canary-Secret-One",
    "Canary-Secret-Two",
    "Canary-Secret-Wrong",
];
const EMAIL: &str = "Canary-Mail@Example.com";
/// The address to which mails are sent: the domain is in lower case.
const MAILED_TO: &str = "Canary-Mail@example.com";
const IDEMPOTENCY_KEY: &str = "canary-idempotency-key";
/// Enables locks, which a walk uses.
const LOCKS: &str = "MaxLockDays=3";
const JUNK_TOKEN: &str = "canary-header.canary-claims.canary-signature";

/// The texts that a log must not contain, in lower case.
struct Canaries(Vec<String>);

impl Canaries {
    async fn new(app: &TestApp) -> Self {
        let mut canaries = Self(Vec::new());
        canaries.add("canary");
        canaries.add("$2b$");
        for (name, value) in app.parameters().await {
            if name.starts_with("keys/private/") {
                let key: Value = serde_json::from_str(&value).unwrap();
                canaries.add(key["key"].as_str().unwrap());
            }
            canaries.add(&value);
        }
        canaries
    }

    fn add(&mut self, text: &str) {
        self.0.push(text.to_lowercase());
    }

    /// Adds a user's refresh token and each part of the access token.
    fn add_tokens(&mut self, user: &SignedIn) {
        self.add(&user.refresh_token);
        for part in user.token.split('.') {
            self.add(part);
        }
    }

    fn assert_not_in(&self, log: &str) {
        for line in log.lines() {
            let lower = line.to_lowercase();
            let found = self.0.iter().find(|canary| lower.contains(*canary));
            assert_eq!(found, None, "{line}");
        }
    }
}

/// Sends requests that succeed and requests that fail, to every operation.
async fn walk(app: &TestApp, canaries: &mut Canaries) {
    sign_up(app).await;
    let ada = SignedIn::new(app, app.sign_in(EMAIL, PASSWORDS[0]).await);
    canaries.add_tokens(&ada);
    refuse_sign_ins(app).await;
    read_and_change(app, &ada).await;
    refuse_tokens(app, &ada).await;
    refresh_and_sign_out(app, canaries).await;
    upload(&ada, canaries).await;
    administer(app, canaries).await;
    every_operation::request_every_operation(app, canaries).await;
    for (path, status) in [
        ("/.well-known/jwks.json", 200),
        ("/.well-known/openid-configuration", 200),
        ("/nope?secret=canary", 404),
        ("/signup?secret=canary", 405),
    ] {
        app.get(path).await.expect(status);
    }
    replace_and_delete(app, &ada, canaries).await;
}

async fn sign_up(app: &TestApp) {
    let body = json!({
        "email": EMAIL, "password": PASSWORDS[0], "name": "Canary Name",
        "profile": {"firstName": "Canary First", "lastName": "Canary Last", "city": "Canary City", "age": 36},
    });
    let again = body.clone();
    let with_key = |body: &Value| {
        let request = app.request(Method::POST, "/signup").json(body);
        Response::to(request.header("idempotency-key", IDEMPOTENCY_KEY))
    };
    with_key(&body).await.expect(201);
    with_key(&again).await.expect(201);
    let mut other = body.clone();
    other["password"] = json!(PASSWORDS[1]);
    with_key(&other).await.expect(422);
    app.post("/signup", &body).await.expect(409);
    let mut invalid = body.clone();
    invalid["email"] = json!("canary-mail");
    invalid["canary"] = json!("canary");
    app.post("/signup", &invalid).await.expect(422);
    invalid["password"] = json!({"canary": ["canary"]});
    app.post("/signup", &invalid).await.expect(422);
    let text = body.to_string();
    for (content_type, body) in [
        ("application/json", text.replace(':', "=")),
        ("application/json", format!("{text}canary")),
        ("application/json", text[..text.len() - 1].to_owned()),
        (
            "application/json",
            text.replace("Canary Name", "Canary \\x Name"),
        ),
        ("application/json", format!("[{text}]")),
        ("text/canary", text.clone()),
        ("application/json", format!("{text}{}", " ".repeat(70_000))),
        (
            "application/x-www-form-urlencoded",
            format!("email={EMAIL}&password=canary"),
        ),
    ] {
        let request = app.request(Method::POST, "/signup");
        let request = request.header("content-type", content_type).body(body);
        let status = Response::to(request).await.status;
        assert!((400..500).contains(&status), "{status}");
    }
}

async fn refuse_sign_ins(app: &TestApp) {
    app.sign_in(EMAIL, PASSWORDS[2]).await.expect(401);
    app.sign_in("canary-unknown@example.com", PASSWORDS[2])
        .await
        .expect(401);
    app.sign_in(EMAIL, &"canary".repeat(100)).await.expect(401);
    let body = json!({"email": EMAIL, "password": PASSWORDS[0], "canary": "canary"});
    app.post("/signin", &body).await.expect(422);
}

async fn read_and_change(app: &TestApp, ada: &SignedIn<'_>) {
    app.sign_up("canary-bob@example.com", PASSWORDS[1])
        .await
        .expect(201);
    ada.get("/users?limit=1").await.expect(200);
    ada.get("/users?cursor=canary&canary=canary")
        .await
        .expect(422);
    ada.get("/users/me").await.expect(200);
    ada.get(&format!("/users/{}", ada.id)).await.expect(200);
    let patch = json!({"name": "Canary Two", "profile": {"city": "Canary Town"}});
    ada.patch("/users/me", &patch).await.expect(200);
    ada.patch("/users/me", &json!({"name": {"canary": 1}}))
        .await
        .expect(422);
    let stale = ada
        .request(Method::PATCH, "/users/me")
        .header("if-match", "\"canary\"");
    Response::to(stale.json(&patch)).await.expect(412);
}

async fn refuse_tokens(app: &TestApp, ada: &SignedIn<'_>) {
    let get = || app.request(Method::GET, "/users/me");
    let signer = app.signer().await;
    let (header, mut claims, _) = parts(&ada.token);
    claims["aud"] = json!("canary");
    let misdirected = signer.token(&header, &claims);
    let with =
        |authorization: &str| -> RequestBuilder { get().header("authorization", authorization) };
    for request in [
        with(&format!("Bearer {JUNK_TOKEN}")),
        with(&format!("Bearer {}canary", ada.token)),
        with(&format!("Bearer {misdirected}")),
        with(&format!("Basic {JUNK_TOKEN}")),
        with(JUNK_TOKEN),
        get().header("cookie", JUNK_TOKEN),
        app.request(Method::GET, &format!("/users/me?access_token={JUNK_TOKEN}")),
    ] {
        Response::to(request).await.expect(401);
    }
}

/// Refreshes, replays and ends a session, and sends invalid refresh tokens.
async fn refresh_and_sign_out(app: &TestApp, canaries: &mut Canaries) {
    let ada = SignedIn::new(app, app.sign_in(EMAIL, PASSWORDS[0]).await);
    canaries.add_tokens(&ada);
    let refresh = async |token: &str| {
        let body = json!({"refreshToken": token});
        app.post("/session/refresh", &body).await
    };
    let mut token = ada.refresh_token.clone();
    for _ in 0..2 {
        let next = refresh(&token).await.expect(200).json();
        let next = next["refreshToken"].as_str().unwrap();
        canaries.add(next);
        next.clone_into(&mut token);
    }
    refresh("canary").await.expect(401);
    refresh(&format!("{token}canary")).await.expect(401);
    refresh(&ada.refresh_token).await.expect(401);
    for body in [
        json!({"refreshToken": "canary"}),
        json!({"refreshToken": token}),
    ] {
        app.post("/signout", &body).await.expect(204);
    }
    let body = json!({"refreshToken": "canary", "canary": "canary"});
    app.post("/signout", &body).await.expect(422);
}

/// File names and contents are personal data, and a presigned URL gives access to a file.
async fn upload(ada: &SignedIn<'_>, canaries: &mut Canaries) {
    let body = json!({"filename": "canary.txt", "contentType": "text/canary", "size": 6});
    let announced = ada.post("/uploads", &body).await.expect(201).json();
    ada.post(
        "/uploads",
        &json!({"filename": "canary/", "size": "canary"}),
    )
    .await
    .expect(422);
    let path = format!("/uploads/{}", announced["upload"]["id"].as_str().unwrap());
    let complete = format!("{path}/complete");
    ada.post(&complete, &json!({})).await.expect(409);
    let url = announced["transfer"]["url"].as_str().unwrap();
    let put = reqwest::Client::new()
        .put(url)
        .header("content-type", "text/canary");
    Response::to(put.header("if-none-match", "*").body("canary"))
        .await
        .expect(200);
    ada.post(&complete, &json!({})).await.expect(200);
    let shown = ada.get(&path).await.expect(200).json();
    for url in [url, shown["download"]["url"].as_str().unwrap()] {
        let (_, signature) = url.split_once("X-Amz-Signature=").unwrap();
        canaries.add(signature.split('&').next().unwrap());
    }
    ada.post(&format!("{path}/restore"), &json!({"versionId": "canary"}))
        .await
        .expect(404);
    refuse_locks(ada, &path).await;
    ada.delete(&path, &json!(null)).await.expect(204);
}

/// Sends lock requests that fail: a locked file could not be deleted afterwards.
async fn refuse_locks(ada: &SignedIn<'_>, path: &str) {
    let path = format!("{path}/lock");
    let until = hours_from_now(48).0;
    for (body, status) in [
        (json!({"until": "canary", "password": PASSWORDS[0]}), 422),
        (json!({"until": until, "canary": PASSWORDS[0]}), 422),
        (json!({"until": until, "password": PASSWORDS[2]}), 401),
    ] {
        ada.put(&path, &body).await.expect(status);
    }
}

/// The log names managed accounts by user id, and not by e-mail address.
async fn administer(app: &TestApp, canaries: &mut Canaries) {
    let admin = app.admin("canary-admin@example.com").await;
    let grace = app.new_user("canary-grace@example.com").await;
    canaries.add_tokens(&admin);
    canaries.add_tokens(&grace);
    grace.get("/admin/users").await.expect(403);
    admin.get("/admin/users").await.expect(200);
    let path = format!("/admin/users/{}", grace.id);
    admin.get(&path).await.expect(200);
    for change in ["disable", "enable"] {
        let path = format!("{path}/{change}");
        admin.post(&path, &json!("canary")).await.expect(200);
    }
    let roles = format!("{path}/roles");
    for (body, status) in [
        (json!({"roles": ["canary"], "canary": 1}), 422),
        (json!({"roles": ["admin"]}), 200),
    ] {
        admin.put(&roles, &body).await.expect(status);
    }
    admin.delete(&path, &json!(null)).await.expect(204);
    admin.delete(&path, &json!(null)).await.expect(404);
}

async fn replace_and_delete(app: &TestApp, ada: &SignedIn<'_>, canaries: &mut Canaries) {
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let path = "/users/me/password";
    ada.put(path, &change(PASSWORDS[2], PASSWORDS[1]))
        .await
        .expect(401);
    ada.put(path, &change(PASSWORDS[0], "canary\0canary"))
        .await
        .expect(422);
    ada.put(path, &change(PASSWORDS[0], PASSWORDS[1]))
        .await
        .expect(204);
    let later = SignedIn::new(app, app.sign_in(EMAIL, PASSWORDS[1]).await);
    canaries.add_tokens(&later);
    later
        .delete("/users/me", &json!({"password": PASSWORDS[2]}))
        .await
        .expect(401);
    later
        .delete("/users/me", &json!({"password": PASSWORDS[1]}))
        .await
        .expect(204);
    ada.get("/users/me").await.expect(401);
}

/// Returns the log of a walk, and its canaries.
async fn log_of_walk(app: &TestApp) -> (String, Canaries) {
    let mut canaries = Canaries::new(app).await;
    walk(app, &mut canaries).await;
    (app.complete_log().await, canaries)
}

#[tokio::test]
async fn the_log_names_every_operation_and_event_but_no_secret_or_name() {
    let (log, canaries) = log_of_walk(&TestApp::start_with(&["LogLevel=info", LOCKS])).await;
    canaries.assert_not_in(&log);
    lines_of(&log).iter().for_each(assert_is_valid);
    for operation in operations() {
        let route = format!("\"route\":\"{operation}\"");
        assert!(log.contains(&route), "{operation}");
    }
    for word in [
        "token_refused",
        "admin_changed_user",
        "refresh_token_refused",
        "refresh_token_replayed",
        "\"status\":401",
        "\"status\":409",
    ] {
        assert!(log.contains(word), "{word}");
    }
}

/// An upload grant is a secret in a path. Functions and gateway log requests without a route as `$default`, without the path.
#[tokio::test]
async fn logs_contain_the_route_and_never_the_path() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    let ada = app.new_user("ada@example.com").await;
    let granted = ada.post("/s3/grants", &json!({})).await.expect(201).json();
    let endpoint = granted["companionEndpoint"].as_str().unwrap();
    let base = endpoint.strip_prefix(app.endpoint("api")).unwrap();
    let grant = base.strip_prefix("/s3/g/").unwrap();
    app.get(&format!("{base}/params?filename=a.txt"))
        .await
        .expect(200);
    // Not the id of a user who signs in: the line of a request names that user.
    let id_in_path = "0199a7f5-0000-7000-8000-000000c0ffee";
    app.get(&format!("/users/{id_in_path}")).await.expect(401);
    for path in [
        base.to_owned(),
        format!("{base}/"),
        format!("{base}/params/"),
        format!("{base}/nope"),
        format!("{base}//params"),
        format!("{base}/params%2f"),
        format!("{base}/%20"),
        format!("{base}/multipart/a/b/c"),
        format!("/S3/G/{grant}/params"),
        format!("/{grant}"),
        format!("/uploads/{grant}/nope"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            Response::to(app.request(method, &path)).await;
        }
        let preflight = app
            .request(Method::OPTIONS, &path)
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "GET");
        Response::to(preflight).await;
    }
    let log = app.complete_log().await;
    for secret in [grant, id_in_path] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
    for route in [
        r#""route":"GET /s3/g/{grant}/params""#,
        r#""route":"GET /users/{id}""#,
        r#""route":"$default""#,
        "GET    /s3/g/{grant}/params  ",
        "PUT    $default  ",
    ] {
        assert!(log.contains(route), "{route}\n{log}");
    }
}

/// Tables are backed up, exported and read by operators, so they contain no usable secret.
#[tokio::test]
async fn no_table_contains_a_password_or_a_token() {
    let app = TestApp::start_with_mail(&[LOCKS]);
    let mut canaries = Canaries::new(&app).await;
    walk(&app, &mut canaries).await;
    canaries.0.retain(|canary| canary != "canary");
    for password in PASSWORDS.iter().chain([&PASSWORD]) {
        canaries.add(password);
    }
    let engine = async |operation: &str, body: &Value| {
        let target = format!("DynamoDB_20120810.{operation}");
        let response = app.call_engine("dynamodb", "local", &target, body).await;
        response.expect(200)
    };
    let tables = engine("ListTables", &json!({})).await.json();
    let tables = tables["TableNames"].as_array().unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut items = 0;
    for table in tables {
        let scanned = engine("Scan", &json!({"TableName": table})).await;
        items += scanned.json()["Items"].as_array().unwrap().len();
        let text = String::from_utf8(scanned.body).unwrap().to_lowercase();
        let may_contain_hashes = table.as_str().unwrap().ends_with("CredentialsTable");
        let found = canaries
            .0
            .iter()
            .find(|canary| text.contains(*canary) && !(may_contain_hashes && *canary == "$2b$"));
        assert_eq!(found, None, "{table}");
    }
    assert!(items > 10);
}

/// An operator may set the variable by hand to find an error in production.
#[tokio::test]
async fn no_log_level_reveals_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let template = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
    let template = template
        .unwrap()
        .replace("RUST_LOG: !Ref LogLevel", "RUST_LOG: trace");
    let path = dir.path().join("template.yaml");
    fs::write(&path, template).unwrap();
    let path = path.to_str().unwrap();
    let args = ["--ephemeral", "--template", path, "--parameter", LOCKS];
    let app = TestApp::start_in(&dir.path().join("data"), &args);
    let (log, canaries) = log_of_walk(&app).await;
    canaries.assert_not_in(&log);
    assert!(log.contains("token_refused"));
}

#[tokio::test]
async fn mailed_tokens_are_not_in_the_log() {
    for mode in ["SignupMode=open", "SignupMode=verified"] {
        let app = TestApp::start_with_mail(&["LogLevel=info", mode]);
        let mut canaries = Canaries::new(&app).await;
        let body = json!({"email": EMAIL, "password": PASSWORDS[0], "name": "Canary Name"});
        let status = app.post("/signup", &body).await.status;
        assert!([201, 202].contains(&status), "{status}");
        if mode == "SignupMode=open" {
            let token = token_in(&app.mail_to(MAILED_TO, "Confirm").await, "verify-email");
            canaries.add(&token);
            app.verify_email(&token).await.expect(204);
        } else {
            let token = token_in(&app.mail_to(MAILED_TO, "Finish").await, "finish-sign-up");
            canaries.add(&token);
            app.finish_sign_up(&token, PASSWORDS[0]).await.expect(204);
        }
        app.forgot_password(EMAIL).await.expect(202);
        app.forgot_password("canary-unknown@example.com")
            .await
            .expect(202);
        let token = token_in(
            &app.mail_to(MAILED_TO, "new password").await,
            "reset-password",
        );
        canaries.add(&token);
        app.reset_password("canary-token", PASSWORDS[1])
            .await
            .expect(422);
        app.reset_password(&token, "canary\0canary")
            .await
            .expect(422);
        app.reset_password(&token, PASSWORDS[1]).await.expect(204);
        eventually(async || app.log().matches("mail_sent").count() >= 2).await;
        canaries.assert_not_in(&app.complete_log().await);
    }
}

#[tokio::test]
async fn an_unreadable_key_is_not_logged() {
    let app = TestApp::start();
    let canaries = Canaries::new(&app).await;
    let name = app
        .parameters()
        .await
        .into_keys()
        .find(|name| name.starts_with("keys/private/"));
    app.delete_parameter(&name.unwrap()).await;
    let value = json!({"kid": "canary", "alg": "ES256", "key": "canary", "nbf": "canary"});
    app.put_parameter("keys/private/canary-kid", &value.to_string())
        .await;
    app.sign_up(EMAIL, PASSWORD).await.expect(201);
    app.sign_in(EMAIL, PASSWORD).await.expect(503);
    let log = app
        .log_with(&["keys_not_read"])
        .await
        .replace("canary-kid", "");
    canaries.assert_not_in(&log);
}
