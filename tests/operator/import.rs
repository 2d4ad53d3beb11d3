use std::{
    fs,
    io::Write as _,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{HASH_OF_ABC, assert_exit, json_lines};
use crate::support::{
    PASSWORD, SignedIn, TestApp, eventually,
    faults::{Fault, Proxy},
    processes, rounds,
};

/// Writes a file, and returns its directory, which deletes it when dropped, and its path.
fn import_file(contents: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.jsonl");
    fs::write(&path, contents).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

/// An account of an import file.
fn import_account(email: &str, hash: &str) -> Value {
    json!({"email": email, "name": email, "passwordHash": hash})
}

/// The lines of an import file with this many accounts.
fn import_lines(accounts: usize) -> String {
    let account = |n| import_account(&format!("user{n}@example.com"), HASH_OF_ABC);
    json_lines(&(0..accounts).map(account).collect::<Vec<_>>())
}

#[tokio::test]
async fn imported_users_sign_in_with_their_existing_password() {
    let app = TestApp::start();
    let accounts = [
        json!({"email": "A@example.com", "name": "A", "passwordHash": HASH_OF_ABC, "roles": ["admin"],
            "profile": {"city": "London", "age": 36}, "createdAt": "2019-12-10T08:00:00Z"}),
        json!({"email": "b@example.com", "name": "B", "passwordHash": HASH_OF_ABC.replace("$2a$", "$2b$"),
            "createdAt": "2018-12-10T08:00:00Z"}),
        json!({"email": "y@example.com", "name": "Y", "createdAt": "2020-12-10T08:00:00+02:00",
            "passwordHash": "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"}),
    ];
    let (_dir, path) = import_file(&json_lines(&accounts));
    let (out, _) = assert_exit(&app.run_users(&["import", &path]), 0);
    assert_eq!(out, "3 imported, 0 already imported, 0 skipped\n");

    for (email, password) in [
        ("a@example.com", "abc"),
        ("b@example.com", "abc"),
        ("y@example.com", "rasmuslerdorf"),
    ] {
        app.sign_in(email, "wrong").await.expect(401);
        // The first sign-in renews the hash, because its cost differs; the second one checks the new hash.
        for _ in 0..2 {
            let response = app.sign_in(email, password).await;
            SignedIn::new(&app, response)
                .get("/users/me")
                .await
                .expect(200);
        }
    }
    let admin = app.sign_in("a@example.com", "abc").await;
    let admin = SignedIn::new(&app, admin);
    let me = admin.get("/users/me").await.expect(200).json();
    assert_eq!(me["user"]["roles"], json!(["admin"]));
    assert_eq!(me["user"]["profile"], json!({"city": "London", "age": 36}));
    assert_eq!(me["user"]["createdAt"], "2019-12-10T08:00:00.000Z");

    // Imported users are listed among the others by their `createdAt`.
    app.sign_up("now@example.com", PASSWORD).await.expect(201);
    let listed = admin.get("/users").await.expect(200).json();
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["email"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["now@example.com", "y@example.com", "b@example.com"]);
}

#[tokio::test]
async fn an_import_file_with_errors_writes_nothing_and_reports_every_error() {
    let app = TestApp::start();
    let good = import_account("good@example.com", HASH_OF_ABC);
    let contents = format!(
        "{good}\n{{\n\n{}\n{}\n",
        json!({"email": "not-an-email", "name": "", "passwordHash": "secret", "rolls": []}),
        json!({"email": "GOOD@example.com", "name": "G", "passwordHash": HASH_OF_ABC}),
    );
    let (_dir, path) = import_file(&contents);
    for args in [vec!["import", &path], vec!["import", &path, "--dry-run"]] {
        let (out, err) = assert_exit(&app.run_users(&args), 1);
        assert_eq!(out, "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(err, @r"
            line 2: The line must be a JSON object. (malformed_json)
            line 4: /email: The e-mail address is not valid. Send one like name@example.com. (invalid_email)
            line 4: /name: At least one visible character is required. (empty)
            line 4: /passwordHash: This must be a $2a$, $2b$ or $2y$ bcrypt hash with a cost from 4 to 16. (invalid_password_hash)
            line 4: /rolls: There is no such field. Check the spelling. (unknown_field)
            line 5: /email: Line 1 has the same address. (duplicate_email)
            error: 3 of 4 lines cannot be imported. Nothing was written
            ");
        }
    }
    app.sign_in("good@example.com", "abc").await.expect(401);
}

#[tokio::test]
async fn an_import_changes_no_existing_account_and_can_be_repeated() {
    let app = TestApp::start();
    app.sign_up("Ada@example.com", PASSWORD).await.expect(201);
    let contents = json_lines(&[
        import_account("new@example.com", HASH_OF_ABC),
        import_account("ada@example.com", HASH_OF_ABC),
    ]);
    let (_dir, path) = import_file(&contents);

    let (out, _) = assert_exit(&app.run_users(&["import", &path, "--dry-run"]), 0);
    assert_eq!(out, "2 accounts can be imported. Nothing was written\n");
    app.sign_in("new@example.com", "abc").await.expect(401);

    let (out, err) = assert_exit(&app.run_users(&["import", &path]), 0);
    assert_eq!(out, "1 imported, 0 already imported, 1 skipped\n");
    assert!(err.starts_with("line 2: skipped"), "{err}");
    app.sign_in("ada@example.com", "abc").await.expect(401);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);

    // The same from stdin.
    let mut command = app.operator_command("users", &["import", "-"], app.endpoint("dynamodb"));
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(contents.as_bytes()).unwrap();
    drop(stdin);
    let (out, _) = assert_exit(&running.wait_with_output().unwrap(), 0);
    assert_eq!(out, "0 imported, 1 already imported, 1 skipped\n");
    app.sign_in("new@example.com", "abc").await.expect(200);
}

#[tokio::test]
async fn many_users_are_imported() {
    let app = TestApp::start();
    let count = rounds(300, 2_000);
    let (_dir, path) = import_file(&import_lines(count));
    let start = Instant::now();
    let (out, err) = assert_exit(&app.run_users(&["import", &path]), 0);
    eprintln!("{count} users: {:?}", start.elapsed());
    assert_eq!(
        out,
        format!("{count} imported, 0 already imported, 0 skipped\n")
    );
    // Without a terminal there is no progress bar.
    assert_eq!(err, "");
    let last = format!("user{}@example.com", count - 1);
    app.sign_in(&last, "abc").await.expect(200);
}

#[tokio::test]
async fn an_import_survives_throttles_conflicts_and_lost_replies() {
    let app = TestApp::start();
    let proxy = Proxy::in_front_of(app.endpoint("dynamodb")).await;
    let mut count = 0;
    proxy.plan(move |operation, _| {
        if operation != "TransactWriteItems" {
            return Fault::None;
        }
        count += 1;
        match count % 10 {
            1 => Fault::LostReply,
            3 => Fault::cancelled(&["ThrottlingError", "None"]),
            5 => Fault::cancelled(&["None", "TransactionConflict"]),
            7 => Fault::error(400, "ThrottlingException"),
            _ => Fault::None,
        }
    });
    let count = rounds(12, 40);
    let (_dir, path) = import_file(&import_lines(count));
    let command = app.operator_command("users", &["import", &path], &proxy.url());
    let output = tokio::process::Command::from(command).output().await;
    let (out, _) = assert_exit(&output.unwrap(), 0);
    assert_eq!(
        out,
        format!("{count} imported, 0 already imported, 0 skipped\n")
    );
}

#[tokio::test]
async fn the_next_run_finishes_an_interrupted_import() {
    let app = TestApp::start();
    let proxy = Proxy::in_front_of(app.endpoint("dynamodb")).await;
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    proxy.plan(move |operation, _| {
        let writes = operation == "TransactWriteItems";
        if writes && counted.fetch_add(1, Ordering::SeqCst) >= 50 {
            Fault::Hang
        } else {
            Fault::None
        }
    });
    let (_dir, path) = import_file(&import_lines(100));
    let mut command = app.operator_command("users", &["import", &path], &proxy.url());
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = running.spawn().unwrap();
    eventually(async || count.load(Ordering::SeqCst) > 50).await;
    // The first signal waits for the pending writes, which hang; a second one does not.
    eventually(async || {
        let ended = running.try_wait().unwrap().is_some();
        if !ended {
            processes::signal(running.id(), "INT");
        }
        ended
    })
    .await;
    let (_, err) = assert_exit(&running.wait_with_output().unwrap(), 130);
    assert!(err.contains("run the same command again"), "{err}");

    let (out, _) = assert_exit(&app.run_users(&["import", &path]), 0);
    assert_eq!(out, "50 imported, 50 already imported, 0 skipped\n");
}

#[tokio::test]
async fn import_finds_its_tables_or_names_the_missing_and_ambiguous_ones() {
    let app = TestApp::start();
    let (_dir, path) = import_file(&import_lines(1));
    let (_, err) = assert_exit(&app.run_users(&["import", &path, "--stack", "other"]), 1);
    assert!(err.contains("other-CredentialsTable"), "{err}");

    let create = json!({
        "TableName": "cloakroom-dev-UsersTable-OLD", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    let target = "DynamoDB_20120810.CreateTable";
    let created = app.call_engine("dynamodb", "local", target, &create).await;
    created.expect(200);
    let (_, err) = assert_exit(&app.run_users(&["import", &path]), 1);
    for name in ["cloakroom-dev-UsersTable", "cloakroom-dev-UsersTable-OLD"] {
        assert!(err.contains(name), "{err}");
    }
    let named = ["--users-table", "cloakroom-dev-UsersTable"];
    assert_exit(
        &app.run_users(&[&["import", &path], named.as_slice()].concat()),
        0,
    );
    app.sign_in("user0@example.com", "abc").await.expect(200);
}
