use reqwest::Method;
use serde_json::{Value, json};

use super::{
    assert_has_ended, next_token, now, refresh, session_item, sign_out, sign_out_everywhere,
    update_session,
};
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

const EMAIL: &str = "ada@example.com";

async fn sign_in(app: &TestApp) -> SignedIn<'_> {
    SignedIn::new(app, app.sign_in(EMAIL, PASSWORD).await)
}

/// Lists the ids of the caller's sessions in one page.
async fn ids(caller: &SignedIn<'_>) -> Vec<String> {
    let listed = caller.get("/users/me/sessions?limit=100").await.expect(200);
    let listed = listed.json();
    assert_eq!(listed["next"], json!(null));
    let id = |session: &Value| session["id"].as_str().unwrap().to_owned();
    listed["items"].as_array().unwrap().iter().map(id).collect()
}

/// Requests the end of a session.
async fn end(caller: &SignedIn<'_>, id: &str) -> Response {
    let path = format!("/users/me/sessions/{id}");
    Response::to(caller.request(Method::DELETE, &path)).await
}

#[tokio::test]
async fn a_list_shows_the_callers_sessions_newest_first_and_which_is_current() {
    let app = TestApp::start();
    let first = app.new_user(EMAIL).await;
    let second = sign_in(&app).await;
    app.new_user("grace@example.com").await;
    for (caller, current) in [(&first, [false, true]), (&second, [true, false])] {
        let listed = caller.get("/users/me/sessions").await.expect(200);
        assert_eq!(listed.header("cache-control"), Some("no-store"));
        let listed = listed.json();
        assert_eq!(listed["next"], json!(null));
        let sessions = listed["items"].as_array().unwrap();
        assert_eq!(sessions.len(), 2, "{sessions:?}");
        for (i, session) in sessions.iter().enumerate() {
            let members: Vec<_> = session.as_object().unwrap().keys().collect();
            assert_eq!(members, ["id", "createdAt", "lastUsedAt", "current"]);
            assert_eq!(session["createdAt"], session["lastUsedAt"]);
            assert_eq!(session["current"], current[i]);
        }
        assert_eq!(sessions[0]["id"], second.session_id());
        assert_eq!(sessions[1]["id"], first.session_id());
    }
}

#[tokio::test]
async fn a_refresh_is_the_last_use_of_a_session() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let session = async || {
        let listed = ada.get("/users/me/sessions").await.expect(200).json();
        listed["items"][0].clone()
    };
    let before = session().await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let second = next_token(refresh(&app, &ada.refresh_token).await);
    let after = session().await;
    assert_eq!(before["createdAt"], after["createdAt"]);
    let time = |session: &Value| session["lastUsedAt"].as_str().unwrap().to_owned();
    assert!(time(&after) > time(&before), "{before} {after}");
    // A repetition of the same token within the grace period is not another refresh.
    assert_ne!(second, ada.refresh_token);
    next_token(refresh(&app, &ada.refresh_token).await);
    assert_eq!(session().await, after);
}

#[tokio::test]
async fn the_pages_of_a_list_contain_each_live_session_once() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let mut expected = vec![ada.session_id()];
    for _ in 0..6 {
        expected.insert(0, sign_in(&app).await.session_id());
    }
    // Ended sessions do not reduce the number of items in a page.
    for ended in [expected.remove(5), expected.remove(2)] {
        end(&ada, &ended).await.expect(204);
    }
    for limit in 1..=6 {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/users/me/sessions?limit={limit}{cursor}");
            let page = ada.get(&path).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= limit, "{page}");
            found.extend(items.iter().map(|item| item["id"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "limit {limit}");
    }
    for (query, code) in [
        ("limit=0", "validation_failed"),
        ("limit=101", "validation_failed"),
        ("cursor=x", "invalid_cursor"),
    ] {
        let refused = ada.get(&format!("/users/me/sessions?{query}")).await;
        assert_eq!(refused.expect(422).problem(), code, "{query}");
    }
}

#[tokio::test]
async fn more_sessions_than_one_batch_reads_are_listed_completely() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let mut expected = vec![ada.session_id()];
    for _ in 0..110 {
        expected.insert(0, sign_in(&app).await.session_id());
    }
    let first = ada.get("/users/me/sessions?limit=100").await.expect(200);
    let first = first.json();
    let cursor = first["next"].as_str().unwrap();
    let path = format!("/users/me/sessions?limit=100&cursor={cursor}");
    let second = ada.get(&path).await.expect(200).json();
    assert_eq!(second["next"], json!(null));
    let items = [&first, &second].map(|page| page["items"].as_array().unwrap());
    let found: Vec<_> = items
        .into_iter()
        .flatten()
        .map(|item| &item["id"])
        .collect();
    assert_eq!(found, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn ending_one_session_keeps_the_others() {
    let app = TestApp::start();
    let here = app.new_user(EMAIL).await;
    let there = sign_in(&app).await;
    let elsewhere = sign_in(&app).await;
    // Idempotent.
    for _ in 0..3 {
        let response = end(&here, &there.session_id()).await.expect(204);
        assert!(response.body.is_empty());
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    assert_has_ended(&refresh(&app, &there.refresh_token).await, "ended by id");
    assert_eq!(
        ids(&here).await,
        [elsewhere.session_id(), here.session_id()]
    );
    next_token(refresh(&app, &here.refresh_token).await);
    next_token(refresh(&app, &elsewhere.refresh_token).await);
    // The caller's own session ends as well; its access token expires later.
    end(&here, &here.session_id()).await.expect(204);
    assert_has_ended(
        &refresh(&app, &here.refresh_token).await,
        "the caller's own session",
    );
    assert_eq!(ids(&here).await, [elsewhere.session_id()]);
}

#[tokio::test]
async fn sessions_of_other_users_and_invalid_ids_are_not_found() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let grace = app.new_user("grace@example.com").await;
    let others = end(&ada, &grace.session_id()).await.expect(404);
    assert_eq!(others.problem(), "not_found");
    next_token(refresh(&app, &grace.refresh_token).await);
    assert_eq!(ids(&grace).await, [grace.session_id()]);
    for unknown in [
        "01890000-0000-7000-8000-000000000000",
        &domain::SessionId::new(domain::Clock::system().now()).to_string(),
    ] {
        end(&ada, unknown).await.expect(204);
    }
    // An id in another spelling is not found: a 204 would suggest that the live session has ended.
    let own = ada.session_id();
    for invalid in ["me", "1", &own.to_uppercase(), &own.replace('-', "")] {
        let refused = end(&ada, invalid).await.expect(404);
        assert_eq!(refused.problem(), "not_found", "{invalid}");
    }
    next_token(refresh(&app, &ada.refresh_token).await);
}

#[tokio::test]
async fn ended_sessions_are_not_listed() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let signed_out = sign_in(&app).await;
    sign_out(&app, &signed_out.refresh_token).await.expect(204);
    let expired = sign_in(&app).await;
    update_session(&app, &expired, "SET expires_at = :value", now() - 1).await;
    let replayed = sign_in(&app).await;
    let second = next_token(refresh(&app, &replayed.refresh_token).await);
    next_token(refresh(&app, &second).await);
    assert_has_ended(&refresh(&app, &replayed.refresh_token).await, "replayed");
    assert_eq!(ids(&ada).await, [ada.session_id()]);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_a_sign_out_everywhere_ends_all() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let other = sign_in(&app).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
    ada.put("/users/me/password", &change).await.expect(204);
    for caller in [&ada, &other] {
        assert_eq!(ids(caller).await, [ada.session_id()]);
    }
    sign_out_everywhere(&ada).await.expect(204);
    assert_eq!(ids(&ada).await, [""; 0]);
    // Ending an ended session succeeds.
    end(&ada, &other.session_id()).await.expect(204);
}

#[tokio::test]
async fn a_deleted_user_cannot_list_sessions() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let password = json!({"password": PASSWORD});
    ada.delete("/users/me", &password).await.expect(204);
    let refused = ada.get("/users/me/sessions").await.expect(401);
    assert_eq!(refused.problem(), "invalid_token");
    end(&ada, &ada.session_id()).await.expect(204);
}

/// The end of a user's id, by which the table is divided, is not unique.
#[tokio::test]
async fn a_session_of_another_user_with_the_same_end_of_the_id_is_not_listed() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let mut other = session_item(&app, &ada).await.unwrap();
    let id = ada.session_id();
    let other_id = format!("0{}", &id[1..]).replace("-7", "-8");
    assert_ne!(other_id, id);
    other["id"] = json!({"S": other_id});
    other["user_id"] = json!({"S": "01890000-0000-7000-8000-000000000000"});
    let put = json!({"TableName": "cloakroom-dev-SessionsTable", "Item": other});
    let target = "DynamoDB_20120810.PutItem";
    app.call_engine("dynamodb", "local", target, &put)
        .await
        .expect(200);
    assert_eq!(ids(&ada).await, [id]);
    end(&ada, &other_id).await.expect(404);
}
