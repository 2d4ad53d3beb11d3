use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

#[tokio::test]
async fn a_patch_is_merged_into_the_user() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let profile = json!({"firstName": "Ada", "city": "London", "age": 36});
    let response = ada
        .patch(
            "/users/me",
            &json!({"name": "Countess", "profile": profile}),
        )
        .await
        .expect(200);
    assert_eq!(response.header("etag"), Some("\"2\""));
    assert_eq!(response.json()["user"]["profile"], profile);

    let patch = json!({"profile": {"city": null, "lastName": "Lovelace"}});
    let user = ada.patch("/users/me", &patch).await.expect(200).json()["user"].clone();
    assert_eq!(
        user["profile"],
        json!({"firstName": "Ada", "age": 36, "lastName": "Lovelace"})
    );
    assert_eq!(user["name"], "Countess");

    let user = ada
        .patch("/users/me", &json!({"profile": null}))
        .await
        .expect(200)
        .json();
    assert_eq!(user["user"]["profile"], json!({}));
    assert_eq!(ada.get("/users/me").await.json(), user);
}

#[tokio::test]
async fn an_empty_patch_changes_nothing() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let before = ada.get("/users/me").await.expect(200);
    let after = ada.patch("/users/me", &json!({})).await.expect(200);
    assert_eq!(
        (before.header("etag"), before.json()),
        (after.header("etag"), after.json())
    );
}

async fn patch_if_match(ada: &SignedIn<'_>, etag: &str, body: &Value) -> Response {
    Response::to(
        ada.request(Method::PATCH, "/users/me")
            .header("if-match", etag)
            .json(body),
    )
    .await
}

#[tokio::test]
async fn a_patch_with_a_stale_etag_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"name": "Countess"});
    patch_if_match(&ada, "\"1\"", &body).await.expect(200);
    for stale in ["\"1\"", "W/\"2\"", "\"3\"", "2", "\"\"", "\"x\""] {
        for body in [&body, &json!({})] {
            let response = patch_if_match(&ada, stale, body).await.expect(412);
            assert_eq!(response.problem(), "precondition_failed", "{stale}");
        }
    }
    for current in ["\"2\"", "*", "\"9\", \"4\"", "\"6\",\"5\""] {
        patch_if_match(&ada, current, &json!({"name": "Ada"}))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn of_simultaneous_patches_with_one_etag_exactly_one_wins() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let change = |i: i32| {
        let request = ada
            .request(Method::PATCH, "/users/me")
            .header("if-match", "\"1\"");
        tokio::spawn(Response::to(request.json(&json!({"profile": {"age": i}}))))
    };
    let changes: Vec<_> = (0..20).map(change).collect();
    let mut statuses = Vec::new();
    for change in changes {
        statuses.push(change.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, [412; 19].as_slice()));
}

#[tokio::test]
async fn an_invalid_patch_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (patch, pointer, code) in [
        (json!({"name": null}), "/name", "required"),
        (json!({"name": ""}), "/name", "empty"),
        (
            json!({"email": "grace@example.com"}),
            "/email",
            "unknown_field",
        ),
        (json!({"roles": ["admin"]}), "/roles", "unknown_field"),
        (
            json!({"profile": {"age": 151}}),
            "/profile/age",
            "invalid_age",
        ),
        (json!({"profile": []}), "/profile", "wrong_type"),
    ] {
        let response = ada.patch("/users/me", &patch).await.expect(422);
        assert_eq!(response.problem(), "validation_failed");
        assert_eq!(response.json()["errors"][0]["pointer"], pointer);
        assert_eq!(response.json()["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});

    let wrong = ada
        .put(
            "/users/me/password",
            &change("not the password", "difference engine"),
        )
        .await;
    assert_eq!(wrong.expect(401).problem(), "invalid_credentials");
    let weak = ada
        .put("/users/me/password", &change(PASSWORD, "password"))
        .await
        .expect(422);
    assert_eq!(weak.json()["errors"][0]["code"], "password_too_common");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);

    ada.put("/users/me/password", &change(PASSWORD, "difference engine"))
        .await
        .expect(204);
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    app.sign_in("ada@example.com", "difference engine")
        .await
        .expect(200);
}

/// Reads all items of a table with the operator's key.
async fn items(app: &TestApp, table: &str) -> Vec<Value> {
    let scan = json!({"TableName": format!("cloakroom-dev-{table}"), "ConsistentRead": true});
    let response = app
        .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &scan)
        .await;
    response.expect(200).json()["Items"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_password_change_moves_only_the_callers_session_to_the_new_epoch() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let elsewhere = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
    ada.put("/users/me/password", &body).await.expect(204);
    let later = SignedIn::new(
        &app,
        app.sign_in("ada@example.com", "difference engine").await,
    );

    // A session is valid while its epoch equals the user's.
    assert_eq!(
        items(&app, "UsersTable").await[0]["session_epoch"]["N"],
        "2"
    );
    let sessions = items(&app, "SessionsTable").await;
    let epoch = |user: &SignedIn<'_>| {
        let mine = sessions
            .iter()
            .find(|session| session["id"]["S"] == json!(user.session_id()));
        mine.unwrap()["epoch"]["N"].clone()
    };
    assert_eq!(
        [epoch(&ada), epoch(&elsewhere), epoch(&later)],
        ["2", "1", "2"]
    );
}

#[tokio::test]
async fn of_simultaneous_password_changes_exactly_one_wins() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let change = |i: i32| {
        let body =
            json!({"currentPassword": PASSWORD, "newPassword": format!("difference engine {i}")});
        tokio::spawn(Response::to(
            ada.request(Method::PUT, "/users/me/password").json(&body),
        ))
    };
    // The later requests have a wrong password by then; five is the number allowed before a lockout.
    let changes: Vec<_> = (0..5).map(change).collect();
    let mut winners = Vec::new();
    for (i, change) in changes.into_iter().enumerate() {
        let response = change.await.unwrap();
        assert!([204, 401].contains(&response.status), "{}", response.status);
        if response.status == 204 {
            winners.push(i);
        }
    }
    assert_eq!(winners.len(), 1);
    let new = format!("difference engine {}", winners[0]);
    app.sign_in("ada@example.com", &new).await.expect(200);
}

#[tokio::test]
async fn a_deleted_account_cannot_be_used_or_found() {
    let app = TestApp::start();
    let (ada, grace) = (
        app.new_user("ada@example.com").await,
        app.new_user("grace@example.com").await,
    );
    let refused = ada
        .delete("/users/me", &json!({"password": "not the password"}))
        .await;
    assert_eq!(refused.expect(401).problem(), "invalid_credentials");
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(204);

    assert_eq!(
        ada.get("/users/me").await.expect(401).problem(),
        "invalid_token"
    );
    ada.patch("/users/me", &json!({"name": "Ghost"}))
        .await
        .expect(401);
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(401);
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    grace.get(&format!("/users/{}", ada.id)).await.expect(404);
    assert_eq!(
        grace.get("/users").await.expect(200).json()["items"],
        json!([])
    );
}
