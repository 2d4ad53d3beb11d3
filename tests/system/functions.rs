use std::{collections::BTreeMap, fs};

use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, Response, TestApp, cloakroom_dev, eventually,
    processes::{Instance, instances, is_alive, processor_time, signal},
};

/// Waits until these processes have ended.
async fn wait_until_ended(instances: &[Instance]) {
    eventually(async || !instances.iter().any(|instance| is_alive(instance.pid))).await;
}

/// Starts a system, and one instance of each of five functions, and of those that hear of a new account.
async fn start_with_five_functions() -> (TestApp, Vec<Instance>) {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    app.get("/nope").await.expect(404);
    ada.put("/users/me/password", &json!({})).await.expect(422);
    app.settled().await;
    let instances = instances(app.pid());
    for name in ["account", "keys", "signin", "signup", "users"] {
        let of_function = instances.iter().filter(|instance| instance.name == name);
        assert_eq!(of_function.count(), 1, "{name}: {instances:?}");
    }
    (app, instances)
}

#[tokio::test]
async fn the_function_processes_end_with_the_system() {
    for (name, code) in [
        ("TERM", Some(0)),
        ("INT", Some(0)),
        ("HUP", Some(0)),
        ("KILL", None),
    ] {
        let (mut app, instances) = start_with_five_functions().await;
        assert_eq!(app.stop_with(name).code(), code, "{name}");
        if code.is_some() {
            let alive = instances.iter().find(|instance| is_alive(instance.pid));
            assert_eq!(alive, None, "{name}: an instance outlived the system");
        }
        wait_until_ended(&instances).await;
    }
}

/// Starts a system with a high bcrypt cost, and a sign-up that is still hashing when this returns.
async fn while_it_hashes() -> (
    TestApp,
    Instance,
    tokio::task::JoinHandle<Result<u16, reqwest::Error>>,
) {
    let app = TestApp::start_with(&["BcryptCost=13"]);
    // Starts the instance; this request fails before it hashes.
    app.post("/signup", &json!({})).await.expect(422);
    let [signup] = instances(app.pid()).try_into().unwrap();
    let before = processor_time(signup.pid);
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let request = app.request(Method::POST, "/signup").json(&body);
    let response = tokio::spawn(async move { Ok(request.send().await?.status().as_u16()) });
    eventually(async || processor_time(signup.pid) > before + 5).await;
    (app, signup, response)
}

#[tokio::test]
async fn a_busy_function_ends_with_the_system() {
    for (signal, waits) in [("TERM", true), ("KILL", false)] {
        let (mut app, signup, response) = while_it_hashes().await;
        app.stop_with(signal);
        wait_until_ended(&[signup]).await;
        // After TERM, the system waits a short time for running requests. Otherwise the sign-up must not report success.
        let status = response.await.unwrap();
        assert!(
            status
                .as_ref()
                .map_or(true, |&status| status >= 500 || waits && status == 201),
            "{signal}: {status:?}"
        );
    }
}

#[tokio::test]
async fn a_function_killed_during_a_request_causes_one_502() {
    let (app, signup, response) = while_it_hashes().await;
    signal(signup.pid, "KILL");
    assert_eq!(response.await.unwrap().unwrap(), 502);
    // Nothing was written, and a new instance starts.
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let now = instances(app.pid());
    assert!(!now.contains(&signup), "{now:?}");
}

#[tokio::test]
async fn the_502_of_a_killed_function_is_a_problem_document() {
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
    let response = second.await.unwrap().expect(502);
    assert_eq!(
        response.header("content-type"),
        Some("application/problem+json")
    );
    let problem = response.json();
    assert_eq!(
        (&problem["status"], &problem["code"]),
        (&json!(502), &json!("function_crashed"))
    );
}

#[tokio::test]
async fn functions_killed_while_idle_are_started_again() {
    let (app, instances_before) = start_with_five_functions().await;
    for instance in &instances_before {
        signal(instance.pid, "KILL");
    }
    wait_until_ended(&instances_before).await;
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    app.get("/users/me").await.expect(401);
    app.get("/nope").await.expect(404);
}

/// As on Lambda, functions do not get the variables of the operator's shell.
#[tokio::test]
async fn a_function_has_only_the_variables_of_the_template_and_of_lambda() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = cloakroom_dev(dir.path());
    let command = command
        .args(["--ephemeral"])
        .env("CANARY", "variable of the shell");
    let app = TestApp::start_command(command, dir.path());
    app.new_user("ada@example.com").await;
    app.get("/nope").await.expect(404);
    app.settled().await;
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
        let name = instance.name.replace('-', "").to_uppercase();
        let own_key = format!("LOCAL{name}FUNCTION");
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
                "PUBLIC_KEYS_TABLE",
                "SESSIONS_TABLE",
                "USERS_TABLE",
            ],
            "keys" => &["PUBLIC_KEYS_TABLE"],
            // The names of the tables whose streams it reads.
            "event-relay" => &[
                "ENTITLEMENTS_TABLE",
                "ORDERS_TABLE",
                "PRODUCTS_TABLE",
                "UPLOADS_TABLE",
                "USERS_TABLE",
            ],
            // Those that hear of the new account.
            _ => continue,
        };
        assert_eq!(
            tables,
            expected.iter().collect::<Vec<_>>(),
            "{}",
            instance.name
        );
        let path = variables.get("PARAMETER_PATH").copied();
        let expected = match instance.name.as_str() {
            "signin" => Some("/cloakroom/cloakroom-dev/keys/private"),
            _ => None,
        };
        assert_eq!(path, expected, "{}", instance.name);
    }
}
