//! The recording of the functions' AWS calls, by which `ci/check_grants.py` finds grants that are missing or too wide.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{PASSWORD, RECORD_CALLS, TestApp, cloakroom_dev};

const ADA: &str = "ada@example.com";
const WRITES_LOGS: &str = "Action: [logs:CreateLogStream, logs:PutLogEvents]
                Resource: !GetAtt SigninLogGroup.Arn";
const OPENS_SESSIONS: &str = "Action: [dynamodb:PutItem]
                Resource: !GetAtt SessionsTable.Arn";

/// Reads the calls that were recorded in a directory.
fn recorded(directory: &Path) -> Vec<Value> {
    let files = fs::read_dir(directory).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let texts: Vec<_> = texts.collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Finds the recorded calls of the function signin with an action, on resources whose ARN has this suffix.
fn of_signin<'a>(calls: &'a [Value], action: &str, resource: &str) -> Vec<&'a Value> {
    let found = calls.iter().filter(|call| {
        let on = call["resource"].as_str().unwrap();
        call["function"] == "SigninFunction" && call["action"] == action && on.ends_with(resource)
    });
    found.collect()
}

#[tokio::test]
async fn a_call_is_recorded_with_its_grant_and_its_route() {
    let dir = tempfile::tempdir().unwrap();
    let (data, calls) = (dir.path().join("data"), dir.path().join("calls"));
    let app = TestApp::start_command(
        cloakroom_dev(&data)
            .arg("--ephemeral")
            .env(RECORD_CALLS, &calls),
        &data,
    );
    app.new_user(ADA).await;
    let calls = recorded(&calls);
    let opened = of_signin(&calls, "dynamodb:PutItem", "-SessionsTable");
    assert_eq!(opened.len(), 1, "{calls:#?}");
    assert_eq!(opened[0]["by"], "POST /signin");
    let statement = opened[0]["grant"]["statement"].as_str().unwrap();
    assert!(statement.starts_with("Resources.SigninRole.Properties.Policies.0."));
    let keys = of_signin(
        &calls,
        "ssm:GetParametersByPath",
        "/cloakroom/cloakroom-dev/keys/private",
    );
    assert!(keys.iter().any(|call| call["by"] == "start"), "{keys:?}");
}

#[tokio::test]
async fn a_missing_grant_is_denied_and_an_excessive_grant_is_never_used() {
    let dir = tempfile::tempdir().unwrap();
    let template = include_str!("../template.yaml");
    for grant in [OPENS_SESSIONS, WRITES_LOGS] {
        assert_eq!(template.matches(grant).count(), 1, "{grant}");
    }
    let changed = OPENS_SESSIONS.replace("PutItem", "DeleteItem");
    let changed = template.replace(OPENS_SESSIONS, &changed);
    let without_log = WRITES_LOGS.replace(", logs:PutLogEvents", "");
    let path = dir.path().join("template.yaml");
    fs::write(&path, changed.replace(WRITES_LOGS, &without_log)).unwrap();
    let (data, calls) = (dir.path().join("data"), dir.path().join("calls"));
    let mut command = cloakroom_dev(&data);
    command.arg("--ephemeral").arg("--template").arg(&path);
    let app = TestApp::start_command(command.env(RECORD_CALLS, &calls), &data);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    app.sign_in(ADA, PASSWORD).await.expect(503);
    let calls = recorded(&calls);
    let opened = of_signin(&calls, "dynamodb:PutItem", "-SessionsTable");
    assert!(!opened.is_empty());
    assert!(
        opened.iter().all(|call| call["grant"].is_null()),
        "{opened:?}"
    );
    let deleted = of_signin(&calls, "dynamodb:DeleteItem", "-SessionsTable");
    assert!(deleted.is_empty(), "{deleted:?}");
    app.log_with(&["its log is lost"]).await;
}
