use std::{collections::BTreeMap, fs};

use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, Response, TestApp, cloakroom_dev, eventually,
    processes::{Instance, instances, is_alive, processor_time, signal},
};

async fn all_gone(instances: &[Instance]) {
    eventually(async || !instances.iter().any(|instance| is_alive(instance.pid))).await;
}

/// A system with an instance of every function.
async fn with_all_functions() -> (TestApp, Vec<Instance>) {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    app.get("/nope").await.expect(404);
    ada.put("/users/me/password", &json!({})).await.expect(422);
    let instances = instances(app.pid());
    let mut names: Vec<_> = instances
        .iter()
        .map(|instance| instance.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["account", "keys", "signin", "signup", "users"]);
    (app, instances)
}

#[tokio::test]
async fn the_functions_end_with_the_system() {
    for (name, code) in [
        ("TERM", Some(0)),
        ("INT", Some(0)),
        ("HUP", Some(0)),
        ("KILL", None),
    ] {
        let (mut app, instances) = with_all_functions().await;
        assert_eq!(app.stop_with(name).code(), code, "{name}");
        if code.is_some() {
            let alive = instances.iter().find(|instance| is_alive(instance.pid));
            assert_eq!(alive, None, "{name}: they are gone before it is");
        }
        all_gone(&instances).await;
    }
}

/// Dear hashes, so that something is still running when the system is told to end.
async fn while_it_hashes() -> (
    TestApp,
    Instance,
    tokio::task::JoinHandle<Result<u16, reqwest::Error>>,
) {
    let app = TestApp::start_with(&["BcryptCost=13"]);
    // The first request starts the instance; this one fails before it hashes anything.
    app.post("/signup", &json!({})).await.expect(422);
    let [signup] = instances(app.pid()).try_into().unwrap();
    let before = processor_time(signup.pid);
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let request = app.request(Method::POST, "/signup").json(&body);
    let answer = tokio::spawn(async move { Ok(request.send().await?.status().as_u16()) });
    eventually(async || processor_time(signup.pid) > before + 5).await;
    (app, signup, answer)
}

#[tokio::test]
async fn a_busy_function_ends_with_the_system_too() {
    for (name, waits) in [("TERM", true), ("KILL", false)] {
        let (mut app, signup, answer) = while_it_hashes().await;
        app.stop_with(name);
        all_gone(&[signup]).await;
        // Asked to end, the system lets it finish if it is quick enough; nobody else is told of an account.
        let told = answer.await.unwrap();
        assert!(
            told.as_ref()
                .map_or(true, |&status| status >= 500 || waits && status == 201),
            "{name}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_function_that_is_killed_at_work_costs_one_502() {
    let (app, signup, answer) = while_it_hashes().await;
    signal(signup.pid, "KILL");
    assert_eq!(answer.await.unwrap().unwrap(), 502);
    // Nothing was written, and there is a new instance at once.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let now = instances(app.pid());
    assert!(!now.contains(&signup), "{now:?}");
}

#[tokio::test]
async fn the_502_is_a_problem_document() {
    let (app, signup, _) = while_it_hashes().await;
    let body = json!({"email": "bob@example.com", "password": PASSWORD, "name": "Bob"});
    let request = app.request(Method::POST, "/signup").json(&body);
    let second = tokio::spawn(Response::to(request));
    let mut other = None;
    eventually(async || {
        other = instances(app.pid())
            .into_iter()
            .find(|instance| *instance != signup);
        other
            .as_ref()
            .is_some_and(|other| processor_time(other.pid) > 10)
    })
    .await;
    signal(other.unwrap().pid, "KILL");
    let answer = second.await.unwrap().expect(502);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let problem = answer.json();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(502), &json!("function_crashed"))
    );
}

#[tokio::test]
async fn functions_that_are_killed_while_idle_are_not_missed() {
    let (app, instances_before) = with_all_functions().await;
    for instance in &instances_before {
        signal(instance.pid, "KILL");
    }
    all_gone(&instances_before).await;
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    app.get("/users/me").await.expect(401);
    app.get("/nope").await.expect(404);
}

/// As on Lambda, where the operator's shell is far away.
#[tokio::test]
async fn a_function_has_the_variables_of_the_template_and_of_lambda_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = cloakroom_dev(dir.path());
    let command = command
        .args(["--ephemeral"])
        .env("CANARY", "of the operator's shell");
    let app = TestApp::start_command(command, dir.path());
    app.new_user("ada@example.com").await;
    app.get("/nope").await.expect(404);
    let key = app.signer().await;
    for instance in instances(app.pid()) {
        let environment = fs::read(format!("/proc/{}/environ", instance.pid)).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        let variables: BTreeMap<_, _> = environment
            .split_terminator('\0')
            .map(|line| line.split_once('=').unwrap())
            .collect();
        assert!(!variables.contains_key("CANARY"), "{}", instance.name);
        assert!(!environment.contains(&key.kid), "{}", instance.name);
        let own_key = format!("LOCAL{}FUNCTION", instance.name.to_uppercase());
        assert_eq!(variables["AWS_ACCESS_KEY_ID"], own_key);
        let tables: Vec<_> = variables
            .keys()
            .filter(|name| name.ends_with("_TABLE"))
            .collect();
        let expected: &[&str] = match instance.name.as_str() {
            "signup" => &[
                "CREDENTIALS_TABLE",
                "IDEMPOTENCY_TABLE",
                "LIMITS_TABLE",
                "OUTBOX_TABLE",
                "SIGN_UPS_TABLE",
                "USERS_TABLE",
            ],
            "signin" => &[
                "CREDENTIALS_TABLE",
                "LIMITS_TABLE",
                "SESSIONS_TABLE",
                "USERS_TABLE",
            ],
            _ => &[],
        };
        assert_eq!(
            tables,
            expected.iter().collect::<Vec<_>>(),
            "{}",
            instance.name
        );
        let path = variables.get("PARAMETER_PATH").copied();
        let expected = match instance.name.as_str() {
            "signup" => None,
            "signin" => Some("/cloakroom/dev"),
            _ => Some("/cloakroom/dev/keys/public"),
        };
        assert_eq!(path, expected, "{}", instance.name);
    }
}
