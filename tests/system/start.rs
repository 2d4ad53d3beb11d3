use std::{collections::BTreeSet, fs, net::TcpListener, path::Path};

use serde_json::Value;

use super::{run_to_end, start_error};
use crate::support::{PASSWORD, SignedIn, TestApp, cloakroom, cloakroom_dev, eventually};

#[tokio::test]
async fn two_systems_run_side_by_side() {
    let (one, other) = (TestApp::start(), TestApp::start());
    let ada = one.new_user("ada@example.com").await;
    other.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let other_ada = other.new_user("ada@example.com").await;
    assert_ne!(ada.id, other_ada.id);
    let on_other = SignedIn::with_token(&other, ada.token.clone());
    let response = on_other.get("/users/me").await.expect(401);
    assert_eq!(response.problem(), "invalid_token");
}

#[tokio::test]
async fn the_addresses_are_printed_and_written_to_endpoints_json() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = TestApp::start_in(dir.path(), &[]);
    let file = dir.path().join("endpoints.json");
    let endpoints: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let names: BTreeSet<_> = endpoints.as_object().unwrap().keys().collect();
    let expected = [
        "accessKeyId",
        "api",
        "dynamodb",
        "eventbridge",
        "lambda",
        "metrics",
        "outbox",
        "parameters",
        "payments",
        "paymentsKey",
        "region",
        "s3",
        "secretAccessKey",
        "ses",
        "settled",
        "sqs",
        "ssm",
    ];
    assert_eq!(
        names,
        BTreeSet::from(expected.map(str::to_owned).each_ref())
    );
    assert_eq!(endpoints["region"], "us-east-1");
    let log = app.log();
    for name in [
        "api",
        "dynamodb",
        "eventbridge",
        "lambda",
        "payments",
        "s3",
        "ses",
        "sqs",
        "ssm",
    ] {
        let url = endpoints[name].as_str().unwrap();
        let port = url.strip_prefix("http://127.0.0.1:").unwrap();
        assert_ne!(port.parse::<u16>().unwrap(), 0);
        assert!(log.contains(url), "{name}: {log}");
    }
    for page in ["metrics", "outbox"] {
        assert!(log.contains(endpoints[page].as_str().unwrap()), "{log}");
    }
    app.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(app.stop_with("TERM").code(), Some(0));
    assert!(!file.exists(), "the file outlived the system");
}

#[tokio::test]
async fn every_request_and_every_start_step_is_logged() {
    let app = TestApp::start();
    for step in [
        "reading the template",
        "opening the database",
        "starting the gateway",
    ] {
        assert!(app.log().contains(step), "{step}");
    }
    app.get("/users/me?secret=x").await.expect(401);
    app.get("/nope").await.expect(404);
    for file in ["/", "/demo.js", "/cloakroom.js"] {
        app.get(file).await.expect(200);
    }
    let has = |parts: &[&str]| {
        let log = app.log();
        log.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    eventually(async || has(&["401 GET", "/users/me  ", " ms", "users", "cold start"])).await;
    eventually(async || has(&["404 GET", "$default  ", " ms"])).await;
    // The files of the page are not: they would hide the requests to the API.
    let log = app.complete_log().await;
    assert!(!log.contains("200 GET"), "{log}");
}

#[tokio::test]
async fn the_start_message_begins_with_the_address_of_the_page() {
    let app = TestApp::start();
    let log = app.log();
    let message = log.split("Cloakroom, stack cloakroom-dev").nth(1).unwrap();
    let expected = format!("Open {}/ in a browser.", app.endpoint("api"));
    let first = message.lines().map(str::trim).find(|line| !line.is_empty());
    assert_eq!(first, Some(expected.as_str()), "{log}");
    app.get("/").await.expect(200);
    let reference = format!("{}/docs", app.endpoint("api"));
    assert!(log.contains(&reference), "{log}");
    app.get("/docs").await.expect(200);
}

#[tokio::test]
async fn a_change_of_the_template_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let template = home.path().join("template.yaml");
    let original = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let text = fs::read_to_string(original).unwrap();
    fs::write(&template, &text).unwrap();
    let data = home.path().join("data");
    let mut command = cloakroom_dev(&data);
    command.arg("--template").arg(&template);
    let app = TestApp::start_command(&mut command, &data);
    let changed = format!("{} has changed; restart", template.display());
    assert!(!app.log().contains(&changed));
    // In one step: the system could read a file that is being written.
    let changed_file = home.path().join("changed.yaml");
    fs::write(&changed_file, text + "# changed\n").unwrap();
    fs::rename(&changed_file, &template).unwrap();
    app.log_with(&[&changed]).await;
    // The system still runs, and prints the line once.
    app.new_user("ada@example.com").await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(app.log().matches(&changed).count(), 1, "{}", app.log());
}

#[test]
fn a_busy_port_is_reported_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let on = |port: u16| {
        let mut command = cloakroom(["dev", "--port", &port.to_string(), "--data-dir"]);
        start_error(command.arg(dir.path()))
    };
    let advice = "is in use by another program; stop it, choose another --port, or use --port 0 \
                  for free ports";
    // The engines use the two ports after the API's. The ports before a busy one may be busy too: then the test tries
    // another one.
    for (offset, service) in [(0, "API"), (1, "DynamoDB engine"), (2, "SSM engine")] {
        let is_reported = (0..10).any(|_| {
            let busy = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = busy.local_addr().unwrap().port();
            on(port - offset) == format!("port {port}, for the {service}, {advice}")
        });
        assert!(is_reported, "{service}");
    }
    let error = on(65535);
    assert!(error.contains("65535"), "{error}");
    let files = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 0);
}

#[tokio::test]
async fn two_systems_cannot_share_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(dir.path(), &[]);
    for args in [&[][..], &["--ephemeral"]] {
        let error = start_error(cloakroom_dev(dir.path()).args(args));
        let expected = "is in use by another local system; stop it, or choose another --data-dir";
        assert!(error.ends_with(expected), "{error}");
    }
    app.new_user("ada@example.com").await;
}

#[test]
fn an_invalid_option_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (
            ["--parameter", "Nope=1"],
            "the template has no parameter `Nope`",
        ),
        (["--parameter", "Env=qa"], "by --env"),
        (["--parameter", "BcryptCost=3"], "BcryptCost"),
        (["--parameter", "AllowedOrigins=*"], "AllowedOrigins"),
        (["--parameter", "Issuer=ftp://x"], "Issuer"),
        (["--env", "staging"], "dev, qa, prod"),
        (
            ["--template", "/nowhere/template.yaml"],
            "/nowhere/template.yaml",
        ),
        (["--bootstraps", "/nowhere"], "/nowhere"),
    ] {
        let error = start_error(cloakroom_dev(dir.path()).args(args));
        assert!(error.contains(expected), "{args:?}: {error}");
    }
}

#[test]
fn an_invalid_template_is_an_error_and_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let template = dir.path().join("template.yaml");
    for text in ["", "Resources: [", "Resources: {}", "a: &x [*x]", "\u{0}"] {
        fs::write(&template, text).unwrap();
        let command = &mut cloakroom_dev(&dir.path().join("data"));
        let output = run_to_end(command.arg("--template").arg(&template));
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "{text}"
        );
    }
}

#[test]
fn the_help_lists_the_options() {
    let help = |args: &[&str]| {
        let output = run_to_end(cloakroom([]).args(args));
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    // Without a command, `cloakroom` runs `cloakroom dev`.
    for help in [help(&["--help"]), help(&["dev", "--help"])] {
        for option in [
            "--port",
            "3000",
            "--data-dir",
            ".cloakroom",
            "--ephemeral",
            "--bootstraps",
            "--env",
            "--parameter",
            "--template",
        ] {
            assert!(help.contains(option), "{option}: {help}");
        }
    }
    assert!(help(&["--help"]).contains("secrets"));
}

#[tokio::test]
async fn an_ephemeral_system_leaves_no_files_behind() {
    let (dir, home, temp) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let files = |dir: &Path| {
        let names = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        names
            .map(|name| name.into_string().unwrap())
            .collect::<BTreeSet<_>>()
    };
    let data = dir.path().join("data");
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let mut command = cloakroom_dev(&data);
    command
        .args(["--ephemeral", "--template", template])
        .current_dir(home.path())
        .env("TMPDIR", temp.path());
    let mut app = TestApp::start_command(&mut command, &data);
    app.new_user("ada@example.com").await;
    // Uploads may exceed the memory, so S3 stores them on disk while the system runs.
    let expected = ["endpoints.json", "lock", "s3.ephemeral"].map(str::to_owned);
    assert_eq!(
        files(&data),
        BTreeSet::from(expected),
        "unexpected files while it runs"
    );
    assert_eq!(app.stop_with("INT").code(), Some(0));
    for dir in [dir.path(), home.path(), temp.path()] {
        assert!(files(dir).is_empty(), "{:?}", files(dir));
    }
}

/// Without `--data-dir`.
#[test]
fn an_ephemeral_system_creates_and_removes_its_own_directory() {
    let (home, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let mut command = cloakroom(["--ephemeral", "--port", "0", "--template", template]);
    command.current_dir(home.path()).env("TMPDIR", temp.path());
    let mut system = TestApp::start_command_without_endpoints(&mut command);
    let created: Vec<_> = fs::read_dir(temp.path()).unwrap().collect();
    assert_eq!(created.len(), 1);
    assert!(
        created[0]
            .as_ref()
            .unwrap()
            .path()
            .join("endpoints.json")
            .exists()
    );
    assert_eq!(system.stop_with("TERM").code(), Some(0));
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
