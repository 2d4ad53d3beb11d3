use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn other_users_are_shown_without_email_and_profile() {
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
async fn admins_see_the_email_and_profile_of_other_users() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    let body = json!({"profile": {"city": "Arlington"}});
    let own = grace.patch("/users/me", &body).await.expect(200).json();
    let path = format!("/users/{}", grace.id);
    assert_eq!(admin.get(&path).await.expect(200).json(), own);
    let list = admin.get("/users").await.expect(200).json();
    assert_eq!(list["items"], json!([own["user"]]));
    // A user who is not an admin sees neither.
    let ada = app.new_user("ada@example.com").await;
    let list = ada.get("/users").await.expect(200).json();
    for user in list["items"].as_array().unwrap() {
        assert!(user.get("email").is_none() && user.get("profile").is_none());
    }
}

#[tokio::test]
async fn an_unknown_user_id_is_a_404() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut other = ada.id.clone();
    other.replace_range(0..1, "f");
    for id in [
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
        let response = ada.get(&format!("/users/{id}")).await;
        assert_eq!(response.status, 404, "{id}");
        assert_eq!(response.problem(), "not_found", "{id}");
    }
}

#[tokio::test]
async fn user_routes_without_a_token_are_a_401() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for path in ["/users", "/users/me", &format!("/users/{}", ada.id)] {
        let response = app.get(path).await.expect(401);
        assert_eq!(response.problem(), "unauthorized");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
    }
}
