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

use super::{HASH_OF_ABC, ended, lines};
use crate::support::{
    PASSWORD, SignedIn, TestApp, eventually,
    faults::{Fault, Proxy},
    processes,
};

/// A file of these lines, and the directory that it ends with.
fn file(contents: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.jsonl");
    fs::write(&path, contents).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn account(email: &str, hash: &str) -> Value {
    json!({"email": email, "name": email, "passwordHash": hash})
}

fn many(accounts: usize) -> String {
    let account = |n| account(&format!("user{n}@example.com"), HASH_OF_ABC);
    lines(&(0..accounts).map(account).collect::<Vec<_>>())
}

#[tokio::test]
async fn imported_users_sign_in_with_the_password_they_have() {
    let app = TestApp::start();
    let accounts = [
        json!({"email": "A@example.com", "name": "A", "passwordHash": HASH_OF_ABC, "roles": ["admin"],
            "profile": {"city": "London", "age": 36}, "createdAt": "2019-12-10T08:00:00Z"}),
        json!({"email": "b@example.com", "name": "B", "passwordHash": HASH_OF_ABC.replace("$2a$", "$2b$"),
            "createdAt": "2018-12-10T08:00:00Z"}),
        json!({"email": "y@example.com", "name": "Y", "createdAt": "2020-12-10T08:00:00+02:00",
            "passwordHash": "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"}),
    ];
    let (_dir, path) = file(&lines(&accounts));
    let (out, _) = ended(&app.users(&["import", &path]), 0);
    assert_eq!(out, "3 imported, 0 already there, 0 skipped\n");

    for (email, password) in [
        ("a@example.com", "abc"),
        ("b@example.com", "abc"),
        ("y@example.com", "rasmuslerdorf"),
    ] {
        app.sign_in(email, "wrong").await.expect(401);
        // The first time renews the hash, because it has another cost; the second time that one counts.
        for _ in 0..2 {
            let answer = app.sign_in(email, password).await;
            SignedIn::new(&app, answer)
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

    // Among those who signed up here, by the time of their first sign-up.
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
async fn a_file_with_a_mistake_writes_nothing_and_all_mistakes_are_told() {
    let app = TestApp::start();
    let good = account("good@example.com", HASH_OF_ABC);
    let contents = format!(
        "{good}\n{{\n\n{}\n{}\n",
        json!({"email": "nobody", "name": "", "passwordHash": "secret", "rolls": []}),
        json!({"email": "GOOD@example.com", "name": "G", "passwordHash": HASH_OF_ABC}),
    );
    let (_dir, path) = file(&contents);
    for args in [vec!["import", &path], vec!["import", &path, "--dry-run"]] {
        let (out, err) = ended(&app.users(&args), 1);
        assert_eq!(out, "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(err, @r"
            line 2: is no JSON object (malformed_json)
            line 4: /email The e-mail address is not valid. Send one like name@example.com. (invalid_email)
            line 4: /name At least one visible character is required. (empty)
            line 4: /passwordHash is not a $2a$, $2b$ or $2y$ bcrypt hash with a cost from 4 to 16 (invalid_password_hash)
            line 4: /rolls is not a field of this request; check the spelling (unknown_field)
            line 5: line 1 and this one: /email is the address of an earlier line, too (duplicate_email)
            error: 3 of 4 lines cannot be imported: nothing was written
            ");
        }
    }
    app.sign_in("good@example.com", "abc").await.expect(401);
}

#[tokio::test]
async fn what_is_there_is_not_changed_and_a_second_run_changes_nothing() {
    let app = TestApp::start();
    app.sign_up("Ada@example.com", PASSWORD).await.expect(201);
    let contents = lines(&[
        account("new@example.com", HASH_OF_ABC),
        account("ada@example.com", HASH_OF_ABC),
    ]);
    let (_dir, path) = file(&contents);

    let (out, _) = ended(&app.users(&["import", &path, "--dry-run"]), 0);
    assert_eq!(out, "2 accounts can be imported; nothing was written\n");
    app.sign_in("new@example.com", "abc").await.expect(401);

    let (out, err) = ended(&app.users(&["import", &path]), 0);
    assert_eq!(out, "1 imported, 0 already there, 1 skipped\n");
    assert!(err.starts_with("line 2: skipped"), "{err}");
    app.sign_in("ada@example.com", "abc").await.expect(401);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);

    // The same from a pipe.
    let mut command = app.operator("users", &["import", "-"], app.endpoint("dynamodb"));
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(contents.as_bytes()).unwrap();
    drop(stdin);
    let (out, _) = ended(&running.wait_with_output().unwrap(), 0);
    assert_eq!(out, "0 imported, 1 already there, 1 skipped\n");
    app.sign_in("new@example.com", "abc").await.expect(200);
}

#[tokio::test]
async fn two_thousand_users_take_seconds() {
    let app = TestApp::start();
    let (_dir, path) = file(&many(2000));
    let begun = Instant::now();
    let (out, err) = ended(&app.users(&["import", &path]), 0);
    eprintln!("2,000 users: {:?}", begun.elapsed());
    assert_eq!(out, "2000 imported, 0 already there, 0 skipped\n");
    // No terminal, no bar.
    assert_eq!(err, "");
    app.sign_in("user1999@example.com", "abc").await.expect(200);
}

#[tokio::test]
async fn an_import_survives_throttles_conflicts_and_lost_replies() {
    let app = TestApp::start();
    let proxy = Proxy::before(app.endpoint("dynamodb")).await;
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
    let (_dir, path) = file(&many(40));
    let command = app.operator("users", &["import", &path], &proxy.url());
    let output = tokio::process::Command::from(command).output().await;
    let (out, _) = ended(&output.unwrap(), 0);
    assert_eq!(out, "40 imported, 0 already there, 0 skipped\n");
}

#[tokio::test]
async fn an_import_that_is_interrupted_is_finished_by_the_next_run() {
    let app = TestApp::start();
    let proxy = Proxy::before(app.endpoint("dynamodb")).await;
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
    let (_dir, path) = file(&many(100));
    let mut command = app.operator("users", &["import", &path], &proxy.url());
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = running.spawn().unwrap();
    eventually(async || count.load(Ordering::SeqCst) > 50).await;
    // The first waits for what hangs here, another does not.
    eventually(async || {
        let ended = running.try_wait().unwrap().is_some();
        if !ended {
            processes::signal(running.id(), "INT");
        }
        ended
    })
    .await;
    let (_, err) = ended(&running.wait_with_output().unwrap(), 130);
    assert!(err.contains("run the same command again"), "{err}");

    let (out, _) = ended(&app.users(&["import", &path]), 0);
    assert_eq!(out, "50 imported, 50 already there, 0 skipped\n");
}

#[tokio::test]
async fn tables_are_found_named_or_told_to_be_missing() {
    let app = TestApp::start();
    let (_dir, path) = file(&many(1));
    let (_, err) = ended(&app.users(&["import", &path, "--stack", "other"]), 1);
    assert!(err.contains("other-CredentialsTable"), "{err}");

    let create = json!({
        "TableName": "cloakroom-dev-UsersTable-OLD", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    let target = "DynamoDB_20120810.CreateTable";
    let created = app.call_engine("dynamodb", "local", target, &create).await;
    created.expect(200);
    let (_, err) = ended(&app.users(&["import", &path]), 1);
    for name in ["cloakroom-dev-UsersTable", "cloakroom-dev-UsersTable-OLD"] {
        assert!(err.contains(name), "{err}");
    }
    let named = ["--users-table", "cloakroom-dev-UsersTable"];
    ended(
        &app.users(&[&["import", &path], named.as_slice()].concat()),
        0,
    );
    app.sign_in("user0@example.com", "abc").await.expect(200);
}
