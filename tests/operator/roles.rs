use std::process::Command;

use serde_json::{Value, json};

use super::ended;
use crate::support::{PASSWORD, SignedIn, TestApp, cloakroom_dev, parts};

async fn roles(app: &TestApp) -> (Value, Value) {
    let answer = app.sign_in("ada@example.com", PASSWORD).await;
    let ada = SignedIn::new(app, answer);
    let me = ada.get("/users/me").await.expect(200).json();
    let token = parts(&ada.token).1["roles"].clone();
    (token, me["user"]["roles"].clone())
}

#[tokio::test]
async fn the_first_administrator_is_made_by_the_operator() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    let etag = ada
        .get("/users/me")
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let run = |args: &[&str]| {
        let args = [&["roles", "ADA@example.com"], args].concat();
        ended(&app.run_users(&args), 0).0
    };
    assert_eq!(run(&[]), "ada@example.com has no roles\n");
    let said = run(&["--set", "admin"]);
    assert!(
        said.starts_with("ada@example.com has the roles admin from the next"),
        "{said}"
    );
    assert_eq!(
        run(&["--set", "admin"]),
        "ada@example.com has the roles admin\n"
    );
    assert_eq!(roles(&app).await, (json!(["admin"]), json!(["admin"])));

    // The user changed: what was read before is stale.
    assert_ne!(
        ada.get("/users/me").await.header("etag"),
        Some(etag.as_str())
    );
    // A token that is out keeps what it says.
    let seen = async |somebody: &SignedIn<'_>| {
        let listed = somebody.get("/users").await.expect(200).json();
        listed["items"][0]["email"].clone()
    };
    assert_eq!(seen(&ada).await, Value::Null);
    let answer = app.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(seen(&SignedIn::new(&app, answer)).await, "bob@example.com");

    run(&["--remove", "admin"]);
    assert_eq!(roles(&app).await, (json!([]), json!([])));
    assert_eq!(
        run(&["--remove", "admin"]),
        "ada@example.com has no roles\n"
    );
}

#[tokio::test]
async fn who_or_what_is_not_there_is_told() {
    let app = TestApp::start();
    let (_, err) = ended(
        &app.run_users(&["roles", "ada@example.com", "--set", "admin"]),
        1,
    );
    assert!(
        err.contains("no account with the address ada@example.com"),
        "{err}"
    );
    ended(
        &app.run_users(&["roles", "ada@example.com", "--set", "root"]),
        2,
    );
    let (_, err) = ended(&app.run_users(&["roles", "ada", "--set", "admin"]), 2);
    assert!(err.contains("looks like name@example.com"), "{err}");
}

#[tokio::test]
async fn the_system_that_runs_here_is_found_by_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let app = TestApp::start_command(cloakroom_dev(&data).arg("--ephemeral"), &data);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let local = format!("--local={}", data.display());
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        command
            .args(args)
            .args(["--env", "dev", &local])
            .env_clear();
        command.output().unwrap()
    };
    ended(
        &run(&["users", "roles", "ada@example.com", "--set", "admin"]),
        0,
    );
    assert_eq!(roles(&app).await.0, json!(["admin"]));
    let nothing = format!("{0}/{0}", uuid::Uuid::nil());
    let (_, err) = ended(&run(&["uploads", "unlock", &nothing]), 1);
    assert!(err.contains("there is no upload"), "{err}");
    let (list, _) = ended(&run(&["secrets", "list"]), 0);
    assert!(list.contains("/cloakroom/dev/keys/private/"), "{list}");
    ended(&run(&["secrets", "rotate-signing-key"]), 0);

    drop(app);
    let (_, err) = ended(&run(&["secrets", "list"]), 1);
    assert!(
        err.contains("endpoints.json") || err.contains("cannot be reached"),
        "{err}"
    );
}
