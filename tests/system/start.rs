use std::{collections::BTreeSet, fs, net::TcpListener, path::Path};

use serde_json::Value;

use super::{output, refusal};
use crate::support::{PASSWORD, SignedIn, TestApp, cloakroom, dev, eventually};

#[tokio::test]
async fn two_systems_run_side_by_side() {
    let (one, other) = (TestApp::start(), TestApp::start());
    let ada = one.somebody("ada@example.com").await;
    other.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let other_ada = other.somebody("ada@example.com").await;
    assert_ne!(ada.id, other_ada.id);
    let stranger = SignedIn::with_token(&other, ada.token.clone());
    let answer = stranger.get("/users/me").await.expect(401);
    assert_eq!(answer.problem(), "invalid_token");
}

#[tokio::test]
async fn the_addresses_are_printed_and_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = TestApp::start_in(dir.path(), &[]);
    let file = dir.path().join("endpoints.json");
    let endpoints: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let names: BTreeSet<_> = endpoints.as_object().unwrap().keys().collect();
    let expected = [
        "accessKeyId",
        "api",
        "dynamodb",
        "lambda",
        "outbox",
        "region",
        "s3",
        "secretAccessKey",
        "ses",
        "ssm",
    ];
    assert_eq!(
        names,
        BTreeSet::from(expected.map(str::to_owned).each_ref())
    );
    assert_eq!(endpoints["region"], "us-east-1");
    let log = app.log();
    for name in ["api", "dynamodb", "lambda", "s3", "ses", "ssm"] {
        let url = endpoints[name].as_str().unwrap();
        let port = url.strip_prefix("http://127.0.0.1:").unwrap();
        assert_ne!(port.parse::<u16>().unwrap(), 0);
        assert!(log.contains(url), "{name}: {log}");
    }
    assert!(log.contains(endpoints["outbox"].as_str().unwrap()), "{log}");
    app.get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(app.end_by("TERM").code(), Some(0));
    assert!(!file.exists(), "nobody listens there any more");
}

#[tokio::test]
async fn every_request_is_a_line_and_every_start_says_what_it_does() {
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
    let has = |parts: &[&str]| {
        let log = app.log();
        log.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    eventually(async || has(&["401 GET", "/users/me  ", " ms", "users", "cold start"])).await;
    eventually(async || has(&["404 GET", "$default  ", " ms"])).await;
}

#[test]
fn a_busy_port_is_named_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let on = |port: u16| {
        let mut command = cloakroom(["dev", "--port", &port.to_string(), "--data-dir"]);
        refusal(command.arg(dir.path()))
    };
    let way_out = "is in use by another program; stop it, choose another --port, or use --port 0 \
                   for free ports";
    // The engines have the two ports after the API's. Those before a busy one may be somebody's, too: then another
    // one is tried.
    for (offset, service) in [(0, "API"), (1, "DynamoDB engine"), (2, "SSM engine")] {
        let said = (0..10).any(|_| {
            let busy = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = busy.local_addr().unwrap().port();
            on(port - offset) == format!("port {port}, for the {service}, {way_out}")
        });
        assert!(said, "{service}");
    }
    let error = on(65535);
    assert!(error.contains("65535"), "{error}");
    let begun = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(begun, 0);
}

#[tokio::test]
async fn a_data_directory_is_for_one_system() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(dir.path(), &[]);
    for args in [&[][..], &["--ephemeral"]] {
        let error = refusal(dev(dir.path()).args(args));
        let expected = "is in use by another local system; stop it, or choose another --data-dir";
        assert!(error.ends_with(expected), "{error}");
    }
    app.somebody("ada@example.com").await;
}

#[test]
fn what_is_wrong_with_the_command_is_said() {
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
        let error = refusal(dev(dir.path()).args(args));
        assert!(error.contains(expected), "{args:?}: {error}");
    }
}

#[test]
fn a_template_that_is_none_is_said_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    let template = dir.path().join("template.yaml");
    for text in ["", "Resources: [", "Resources: {}", "a: &x [*x]", "\u{0}"] {
        fs::write(&template, text).unwrap();
        let command = &mut dev(&dir.path().join("data"));
        let output = output(command.arg("--template").arg(&template));
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "{text}"
        );
    }
}

#[test]
fn the_options_are_in_the_help() {
    let help = |args: &[&str]| {
        let output = output(cloakroom([]).args(args));
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    // Without a command it is `cloakroom dev`.
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
async fn an_ephemeral_system_leaves_nothing_behind() {
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
    let mut command = dev(&data);
    command
        .args(["--ephemeral", "--template", template])
        .current_dir(home.path())
        .env("TMPDIR", temp.path());
    let mut app = TestApp::run(&mut command, &data);
    app.somebody("ada@example.com").await;
    // Files may be larger than the memory; S3 keeps them here meanwhile.
    let expected = ["endpoints.json", "lock", "s3.ephemeral"].map(str::to_owned);
    assert_eq!(
        files(&data),
        BTreeSet::from(expected),
        "no accounts while it runs"
    );
    assert_eq!(app.end_by("INT").code(), Some(0));
    for dir in [dir.path(), home.path(), temp.path()] {
        assert!(files(dir).is_empty(), "{:?}", files(dir));
    }
}

/// Without a directory of its own, it makes one and removes it.
#[test]
fn an_ephemeral_system_needs_no_directory() {
    let (home, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let mut command = cloakroom(["--ephemeral", "--port", "0", "--template", template]);
    command.current_dir(home.path()).env("TMPDIR", temp.path());
    let mut system = TestApp::run_anywhere(&mut command);
    let made: Vec<_> = fs::read_dir(temp.path()).unwrap().collect();
    assert_eq!(made.len(), 1);
    assert!(
        made[0]
            .as_ref()
            .unwrap()
            .path()
            .join("endpoints.json")
            .exists()
    );
    assert_eq!(system.end_by("TERM").code(), Some(0));
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
