use std::{fs, path::Path};

use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

/// Writes the project's template without these lines to `dir`, and returns its path.
fn template_without(dir: &Path, removed: &[&str]) -> String {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let mut text = fs::read_to_string(template).unwrap();
    for removed in removed {
        assert_eq!(text.matches(removed).count(), 1, "{removed}");
        text = text.replace(removed, "");
    }
    let path = dir.join("other.yaml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const SIGNUP: &str = "\
        Signup:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: POST, Path: /signup }
";
const DELETE_ME: &str = "\
        DeleteMe:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: DELETE, Path: /users/me }
";
const FALLBACK: &str = "\
        Fallback:
          Type: HttpApi
          Properties: { ApiId: !Ref Api }
";

#[tokio::test]
async fn a_route_missing_from_the_template_is_a_404() {
    let dir = tempfile::tempdir().unwrap();
    let template = template_without(dir.path(), &[DELETE_ME]);
    let data = dir.path().join("data");
    let app = TestApp::start_in(&data, &["--template", &template]);
    let ada = app.new_user("ada@example.com").await;
    let response = ada
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    assert_eq!(
        (response.status, response.problem().as_str()),
        (404, "not_found")
    );
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn without_a_default_route_the_gateway_responds_404_itself() {
    let dir = tempfile::tempdir().unwrap();
    let template = template_without(dir.path(), &[SIGNUP, FALLBACK]);
    let data = dir.path().join("data");
    let app = TestApp::start_in(&data, &["--template", &template]);
    for (method, path) in [
        (Method::POST, "/signup"),
        (Method::GET, "/signup"),
        (Method::GET, "/nope"),
    ] {
        let response = Response::to(app.request(method, path)).await.expect(404);
        assert_eq!(response.json(), json!({"message": "Not Found"}));
    }
}

#[tokio::test]
async fn a_path_longer_than_the_gateways_limit_is_a_414() {
    let app = TestApp::start();
    app.get(&format!("/users/{}", "a".repeat(65_000)))
        .await
        .expect(414);
    app.get(&format!("/users/{}", "a".repeat(10_000)))
        .await
        .expect(401);
}

#[tokio::test]
async fn parameters_of_the_template_reach_the_functions() {
    let app = TestApp::start_with(&["AccessTokenSeconds=60", "Audience=another"]);
    let ada = app.new_user("ada@example.com").await;
    let (_, claims, _) = crate::support::parts(&ada.token);
    assert_eq!(claims["aud"], "another");
    let seconds = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(seconds, 60);
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn each_stage_has_its_own_data_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    let start = |stage: &str| {
        let args = [
            "--env",
            stage,
            "--parameter",
            "BcryptCost=10",
            "--parameter",
            "Issuer=https://x.example",
        ];
        TestApp::start_in(&dir.path().join("data"), &args)
    };
    let mut app = start("qa");
    let token = app.new_user("ada@example.com").await.token;
    app.stop_with("TERM");
    let mut app = start("prod");
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let ada = SignedIn::with_token(&app, token.clone());
    ada.get("/users/me").await.expect(401);
    app.stop_with("TERM");
    let app = start("qa");
    SignedIn::with_token(&app, token)
        .get("/users/me")
        .await
        .expect(200);
}
