//! `cloakroom users list|find|show|disable|enable|delete|export`.

use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, process::Stdio};

use serde_json::{Value, json};

use super::assert_exit;
use crate::support::{PASSWORD, SignedIn, TestApp};

const ADA: &str = "ada@example.com";

/// Runs `cloakroom users …` against the system, with all its engines.
fn run(app: &TestApp, args: &[&str]) -> std::process::Output {
    app.run_users(args)
}

async fn sign_up<'a>(app: &'a TestApp, email: &str, name: &str) -> SignedIn<'a> {
    let body = json!({"email": email, "password": PASSWORD, "name": name});
    app.post("/signup", &body).await.expect(201);
    SignedIn::new(app, app.sign_in(email, PASSWORD).await)
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_operator_lists_and_finds_users() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for (email, name) in [
        ("jose@example.com", "Jos\u{e9}"),
        ("josie@example.com", "Josie"),
        (ADA, "Ada"),
    ] {
        sign_up(&app, email, name).await;
    }
    let (out, _) = assert_exit(&run(&app, &["list", "--json"]), 0);
    let items = admin.get("/admin/users").await.expect(200).json()["items"].clone();
    assert_eq!(json!(objects(&out)), items);
    let (out, _) = assert_exit(&run(&app, &["list", "--limit", "2"]), 0);
    let lines: Vec<_> = out.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].ends_with("  ada@example.com  Ada"),
        "{out}"
    );
    let (out, _) = assert_exit(&run(&app, &["list", "--limit", "0"]), 0);
    assert!(out.contains("admin@example.com  Ada  [admin]\n"), "{out}");

    let (out, _) = assert_exit(&run(&app, &["find", "JOS", "--json"]), 0);
    let names: Vec<_> = objects(&out)
        .iter()
        .map(|user| user["name"].clone())
        .collect();
    assert_eq!(names, ["Jos\u{e9}", "Josie"]);
    let (out, _) = assert_exit(&run(&app, &["find", "jos", "--limit", "1"]), 0);
    assert_eq!(out.lines().count(), 1);
    let (out, _) = assert_exit(&run(&app, &["find", "ADA@example.com"]), 0);
    assert!(out.contains(ADA), "{out}");
    let (_, err) = assert_exit(&run(&app, &["find", "bob@example.com"]), 1);
    assert!(
        err.contains("no account with the address bob@example.com"),
        "{err}"
    );
    let (_, err) = assert_exit(&run(&app, &["find", "zz"]), 1);
    assert!(err.contains("no name begins with \"zz\""), "{err}");
    let (_, err) = assert_exit(&run(&app, &["find", "z"]), 2);
    assert!(err.contains("at least 2 characters"), "{err}");
}

/// As in `cloakroom users list | head -1`.
#[tokio::test]
async fn a_closed_pipe_ends_the_list_quietly() {
    let app = TestApp::start();
    sign_up(&app, ADA, "Ada").await;
    let mut command = app.operator_command("users", &["list"], app.endpoint("dynamodb"));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_exit(&output, 0);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[tokio::test]
async fn the_operator_disables_and_enables_an_account() {
    let app = TestApp::start();
    let ada = sign_up(&app, ADA, "Ada").await;
    let refresh = async || {
        let body = json!({"refreshToken": ada.refresh_token});
        app.post("/session/refresh", &body).await.status
    };
    let (out, _) = assert_exit(&run(&app, &["show", ADA]), 0);
    assert!(out.contains("sessions  1, last used"), "{out}");
    let (out, _) = assert_exit(&run(&app, &["disable", "ADA@example.com"]), 0);
    assert_eq!(out, "ada@example.com is disabled\n");
    assert_eq!(refresh().await, 401);
    app.sign_in(ADA, PASSWORD).await.expect(401);
    let (out, _) = assert_exit(&run(&app, &["disable", &ada.id]), 0);
    assert_eq!(out, "ada@example.com was already disabled\n");
    let (out, _) = assert_exit(&run(&app, &["show", &ada.id]), 0);
    for line in [
        "status    disabled\n",
        "sessions  0\n",
        "mail      not blocked\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
    assert_exit(&run(&app, &["enable", &ada.id]), 0);
    app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_eq!(refresh().await, 401);
}

#[tokio::test]
async fn a_deletion_requires_the_address_of_the_account() {
    let app = TestApp::start();
    let ada = sign_up(&app, ADA, "Ada").await;
    let delete = |typed: &str| {
        let args = ["delete", &ada.id];
        let mut child = app
            .operator_command("users", &args, app.endpoint("dynamodb"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    for typed in ["", "\n", "y\n", "bob@example.com\n"] {
        let (_, err) = assert_exit(&delete(typed), 1);
        assert!(err.contains("Nothing was deleted"), "{err}");
    }
    app.sign_in(ADA, PASSWORD).await.expect(200);
    let (out, err) = assert_exit(&delete("ADA@example.com\n"), 0);
    assert!(
        out.contains("is deleted") && err.contains("Type the e-mail address"),
        "{out}{err}"
    );
    app.sign_in(ADA, PASSWORD).await.expect(401);
    sign_up(&app, ADA, "Ada").await;
    assert_exit(&run(&app, &["delete", ADA, "--yes"]), 0);
    let (_, err) = assert_exit(&run(&app, &["delete", ADA, "--yes"]), 1);
    assert!(
        err.contains("no account with the address ada@example.com"),
        "{err}"
    );
    for what in ["show", "disable", "enable", "export"] {
        assert_exit(&run(&app, &[what, &ada.id]), 1);
        assert_exit(&run(&app, &[what, "no id"]), 2);
    }
}

#[tokio::test]
async fn an_export_has_what_is_stored_about_a_person_and_no_secret() {
    let app = TestApp::start();
    let ada = sign_up(&app, ADA, "Ada").await;
    let grace = sign_up(&app, "grace@example.com", "Grace").await;
    let announce = async |owner: &SignedIn<'_>| {
        let body = json!({"filename": "notes.txt", "contentType": "text/plain", "size": 3});
        let created = owner.post("/uploads", &body).await.expect(201).json();
        created["upload"]["id"].as_str().unwrap().to_owned()
    };
    let (own, other) = (announce(&ada).await, announce(&grace).await);
    let grant = |upload: &str, id: &str| format!("/uploads/{upload}/grants/{id}");
    ada.put(&grant(&own, "everyone"), &json!(null))
        .await
        .expect(204);
    grace
        .put(&grant(&other, &ada.id), &json!(null))
        .await
        .expect(204);

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ada.json");
    let args = ["export", ADA, "--output", file.to_str().unwrap()];
    assert_exit(&run(&app, &args), 0);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (_, err) = assert_exit(&run(&app, &args), 1);
    assert!(err.contains("cannot be written"), "{err}");
    let text = fs::read_to_string(&file).unwrap();
    let export: Value = serde_json::from_str(&text).unwrap();
    let me = ada.get("/users/me").await.expect(200).json();
    for (name, value) in me["user"].as_object().unwrap() {
        assert_eq!(&export["account"][name], value, "{name}");
    }
    assert_eq!(export["sessions"][0]["id"], ada.session_id());
    let upload = &export["uploads"][0];
    let listed = ada.get("/uploads").await.expect(200).json();
    for (name, value) in listed["items"][0].as_object().unwrap() {
        assert_eq!(&upload[name], value, "{name}");
    }
    assert_eq!(upload["s3Key"], format!("{}/{own}", ada.id));
    assert_eq!(upload["grants"][0]["grantee"], "everyone");
    let received = &export["grantsReceived"];
    assert_eq!(
        (&received[0]["upload"], &received[0]["owner"]),
        (&json!(other), &json!(grace.id))
    );
    assert_eq!(
        export["usage"],
        json!({"used": 3, "kept": 0, "openUploads": 1})
    );
    for secret in ["hash", "$2b$", "family", "token", "grace@example.com"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let (out, _) = assert_exit(&run(&app, &["export", &ada.id]), 0);
    let mut again: Value = serde_json::from_str(&out).unwrap();
    again["exportedAt"] = export["exportedAt"].clone();
    assert_eq!(again, export);
}
