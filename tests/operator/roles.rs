use std::process::Command;

use serde_json::{Value, json};

use super::assert_exit;
use crate::support::{PASSWORD, SignedIn, TestApp, cloakroom_dev, parts};

/// Signs in and returns the roles of the access token and of the user.
async fn roles(app: &TestApp) -> (Value, Value) {
    let response = app.sign_in("ada@example.com", PASSWORD).await;
    let ada = SignedIn::new(app, response);
    let me = ada.get("/users/me").await.expect(200).json();
    let token = parts(&ada.token).1["roles"].clone();
    (token, me["user"]["roles"].clone())
}

#[tokio::test]
async fn the_operator_grants_and_removes_the_admin_role() {
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
        assert_exit(&app.run_users(&args), 0).0
    };
    assert_eq!(run(&[]), "ada@example.com has no roles\n");
    let out = run(&["--set", "admin"]);
    assert!(
        out.starts_with("ada@example.com has the roles admin from the next"),
        "{out}"
    );
    assert_eq!(
        run(&["--set", "admin"]),
        "ada@example.com has the roles admin\n"
    );
    assert_eq!(roles(&app).await, (json!(["admin"]), json!(["admin"])));

    // The user changed, so its ETag did.
    assert_ne!(
        ada.get("/users/me").await.header("etag"),
        Some(etag.as_str())
    );
    // An issued token keeps its roles.
    let first_email = async |caller: &SignedIn<'_>| {
        let listed = caller.get("/users").await.expect(200).json();
        listed["items"][0]["email"].clone()
    };
    assert_eq!(first_email(&ada).await, Value::Null);
    let response = app.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(
        first_email(&SignedIn::new(&app, response)).await,
        "bob@example.com"
    );

    run(&["--remove", "admin"]);
    assert_eq!(roles(&app).await, (json!([]), json!([])));
    assert_eq!(
        run(&["--remove", "admin"]),
        "ada@example.com has no roles\n"
    );
}

#[tokio::test]
async fn an_unknown_account_or_role_is_reported() {
    let app = TestApp::start();
    let (_, err) = assert_exit(
        &app.run_users(&["roles", "ada@example.com", "--set", "admin"]),
        1,
    );
    assert!(
        err.contains("no account with the address ada@example.com"),
        "{err}"
    );
    assert_exit(
        &app.run_users(&["roles", "ada@example.com", "--set", "root"]),
        2,
    );
    let (_, err) = assert_exit(&app.run_users(&["roles", "ada", "--set", "admin"]), 2);
    assert!(err.contains("Send one like name@example.com"), "{err}");
}

#[tokio::test]
async fn operator_commands_find_a_local_system_by_its_data_directory() {
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
    assert_exit(
        &run(&["users", "roles", "ada@example.com", "--set", "admin"]),
        0,
    );
    assert_eq!(roles(&app).await.0, json!(["admin"]));
    let missing = format!("{0}/{0}", uuid::Uuid::nil());
    let (_, err) = assert_exit(&run(&["uploads", "unlock", &missing]), 1);
    assert!(err.contains("there is no upload"), "{err}");
    let (list, _) = assert_exit(&run(&["secrets", "list"]), 0);
    assert!(
        list.contains("/cloakroom/cloakroom-dev/keys/private/"),
        "{list}"
    );
    assert_exit(&run(&["secrets", "rotate-signing-key"]), 0);

    drop(app);
    let (_, err) = assert_exit(&run(&["secrets", "list"]), 1);
    assert!(
        err.contains("endpoints.json") || err.contains("cannot be reached"),
        "{err}"
    );
}
