use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn others_are_shown_without_email_and_profile() {
    let app = TestApp::start();
    let (ada, grace) = (
        app.new_user("ada@example.com").await,
        app.new_user("grace@example.com").await,
    );
    let path = format!("/users/{}", grace.id);
    let own = grace.get(&path).await.expect(200).json();
    assert_eq!(own["user"]["email"], "grace@example.com");
    let seen = ada.get(&path).await.expect(200);
    assert_eq!(seen.header("etag"), Some("\"1\""));
    let seen = seen.json();
    let mut members: Vec<_> = seen["user"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(members, ["createdAt", "id", "name", "roles", "updatedAt"]);
    assert_eq!(seen["user"]["id"], json!(grace.id));
}

#[tokio::test]
async fn administrators_are_shown_email_and_profile() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    let body = json!({"profile": {"city": "Arlington"}});
    let own = grace.patch("/users/me", &body).await.expect(200).json();
    let path = format!("/users/{}", grace.id);
    assert_eq!(admin.get(&path).await.expect(200).json(), own);
    let list = admin.get("/users").await.expect(200).json();
    assert_eq!(list["items"], json!([own["user"]]));
    // The others are shown as to anybody.
    let ada = app.new_user("ada@example.com").await;
    let list = ada.get("/users").await.expect(200).json();
    for user in list["items"].as_array().unwrap() {
        assert!(user.get("email").is_none() && user.get("profile").is_none());
    }
}

#[tokio::test]
async fn what_names_nobody_is_not_found() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut other = ada.id.clone();
    other.replace_range(0..1, "f");
    for nobody in [
        other.as_str(),
        "1",
        "%00",
        "..%2fusers",
        "%2e",
        "me%20",
        "me%3Fx",
        "me%23x",
        "m%09e",
        "%25ff",
        "%2565",
        &ada.id.to_uppercase(),
    ] {
        let answer = ada.get(&format!("/users/{nobody}")).await;
        assert_eq!(answer.status, 404, "{nobody}");
        assert_eq!(answer.problem(), "not_found", "{nobody}");
    }
}

#[tokio::test]
async fn without_a_token_nobody_is_shown() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for path in ["/users", "/users/me", &format!("/users/{}", ada.id)] {
        let answer = app.get(path).await.expect(401);
        assert_eq!(answer.problem(), "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}
