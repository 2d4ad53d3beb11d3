use std::{collections::BTreeMap, fs};

use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, PASSWORD, TestApp, dev, eventually,
    processes::{Instance, instances, is_alive, processor_time, signal},
};

async fn all_gone(instances: &[Instance]) {
    eventually(async || !instances.iter().any(|instance| is_alive(instance.pid))).await;
}

/// A system with an instance of every function.
async fn with_all_functions() -> (TestApp, Vec<Instance>) {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
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
        assert_eq!(app.end_by(name).code(), code, "{name}");
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
        app.end_by(name);
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
