//! `cloakroom migrate` as an operator uses it.

use std::{fs, process::Command};

use serde_json::json;

use super::{GRANTS, LEDGER, Lab, text};
use crate::support::{TestApp, cloakroom};

#[tokio::test]
async fn an_operator_sees_applies_and_undoes_migrations() {
    let lab = Lab::start();
    lab.old_grants(30).await;
    let before = lab.dump(GRANTS).await;
    let pending = text(&lab.migrate(&["status"]));
    assert!(pending.starts_with("number  name "), "{pending}");
    assert!(
        pending.contains("\n0001    read_grants_received_at  pending"),
        "{pending}"
    );

    let dry = text(&lab.migrate(&["up", "--dry-run"]));
    assert!(
        dry.contains(
            "0001_read_grants_received_at: ReadGrantsTable: give received_at a value\n  \
             of all 30 items, 30 would be changed, 0 cannot be changed"
        ),
        "{dry}"
    );
    assert!(dry.ends_with("Nothing was written\n"), "{dry}");
    let sample = text(&lab.migrate(&["up", "--dry-run", "--sample", "10"]));
    assert!(
        sample.contains("of the first 10 of about 30 items, 10 would be changed"),
        "{sample}"
    );
    assert_eq!(lab.dump(GRANTS).await, before);
    assert_eq!(lab.dump(LEDGER).await, []);

    let up = text(&lab.migrate(&["up"]));
    assert!(
        up.contains("0001_read_grants_received_at up: 30 items read, 30 changed\n"),
        "{up}"
    );
    assert_eq!(text(&lab.migrate(&["up"])), "all migrations are applied\n");
    let status = lab.status();
    let first = &status["migrations"][0];
    assert_eq!(
        (&first["state"], &first["itemsRead"], &first["itemsChanged"]),
        (&json!("applied"), &json!(30), &json!(30)),
        "{status}"
    );
    assert!(
        first["finishedAt"].as_str().unwrap().starts_with("20"),
        "{status}"
    );

    let down = text(&lab.migrate(&["down", "--to", "0"]));
    assert!(
        down.contains("0001_read_grants_received_at down: 30 items read, 30 changed\n"),
        "{down}"
    );
    assert_eq!(lab.dump(GRANTS).await, before);
    assert_eq!(
        text(&lab.migrate(&["down"])),
        "there is no migration to undo\n"
    );
}

#[tokio::test]
async fn a_missing_and_a_renamed_migration_are_reported() {
    let lab = Lab::start();
    assert!(lab.migrate(&["up"]).status.success());
    let mut entry = lab.dump(LEDGER).await.remove(0);
    entry.insert("name".to_owned(), super::s("another_name"));
    lab.put(LEDGER, entry.clone().into_iter().collect()).await;
    entry.insert("id".to_owned(), super::s("migration#0999"));
    entry.insert(
        "number".to_owned(),
        super::AttributeValue::N("999".to_owned()),
    );
    lab.put(LEDGER, entry.into_iter().collect()).await;
    for args in [&["status"][..], &["up"], &["down"]] {
        let output = lab.migrate(args);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            text.contains("has another name here: 0001_another_name"),
            "{text}"
        );
    }
    let text = text(&lab.migrate(&["status"]));
    assert!(
        text.contains("0999_another_name was applied here, but this version"),
        "{text}"
    );
}

#[test]
fn new_needs_a_checkout() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    let command = command
        .current_dir(dir.path())
        .args(["migrate", "new", "add_colour"]);
    let output = command.output().unwrap();
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("there is no migrations/src/versions in "),
        "{text}"
    );
    assert!(text.ends_with("run the command in a checkout\n"), "{text}");
}

/// The file is formatted as rustfmt does, and its module is in the list. That the template compiles is a part of the crate's tests.
#[test]
fn new_writes_a_formatted_file() {
    let dir = tempfile::tempdir().unwrap();
    let versions = "migrations/src/versions";
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/src/versions");
    fs::create_dir_all(dir.path().join(versions)).unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        fs::copy(&path, dir.path().join(versions).join(name)).unwrap();
    }
    let mut command = cloakroom(["migrate", "new", "add_colour"]);
    let output = command.current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let next = migrations::versions::all().len() + 1;
    let file = format!("{versions}/m{next:04}_add_colour.rs");
    assert!(text(&output).contains(&file), "{output:?}");
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .arg(dir.path().join(versions).join("mod.rs"))
        .output()
        .unwrap();
    assert!(formatted.status.success(), "{formatted:?}");
}

/// A developer's data is migrated when the system starts.
#[tokio::test]
async fn the_local_system_migrates_its_data_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(dir.path(), &[]);
    let client = super::client(&app, app.endpoint("dynamodb"));
    let lab = Lab { app, client };
    let applied = |status: &serde_json::Value| {
        let all = status["migrations"].as_array().unwrap();
        all.iter().all(|migration| migration["state"] == "applied")
    };
    assert!(applied(&lab.status()), "{}", lab.status());
    assert!(lab.migrate(&["down", "--to", "0"]).status.success());
    lab.old_grants(5).await;
    let Lab { mut app, .. } = lab;
    assert!(app.stop_with("TERM").success());

    let app = TestApp::start_in(dir.path(), &[]);
    let log = app.log();
    assert!(
        log.contains("0001_read_grants_received_at up: 5 items read, 5 changed"),
        "{log}"
    );
    let client = super::client(&app, app.endpoint("dynamodb"));
    let lab = Lab { app, client };
    assert!(applied(&lab.status()));
    let grants = lab.dump(GRANTS).await;
    assert!(
        grants.iter().all(|item| item.contains_key("received_at")),
        "{grants:?}"
    );
}
