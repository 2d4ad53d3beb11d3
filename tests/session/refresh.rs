use serde_json::json;

use super::{assert_has_ended, generation, next_token, now, refresh, session_item, update_session};
use crate::support::{PASSWORD, Response, SignedIn, TestApp, decode, encode, parts, rounds};

#[tokio::test]
async fn a_refresh_returns_the_fields_of_a_sign_in_without_the_user() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let response = refresh(&app, &ada.refresh_token).await.expect(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let body = response.json();
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["accessToken", "tokenType", "expiresIn", "refreshToken"]
    );
    assert_eq!(
        (&body["tokenType"], &body["expiresIn"]),
        (&json!("Bearer"), &json!(900))
    );
    let (_, before, _) = parts(&ada.token);
    let (_, claims, _) = parts(body["accessToken"].as_str().unwrap());
    for same in ["iss", "sub", "aud", "sid", "roles"] {
        assert_eq!(claims[same], before[same], "{same}");
    }
    assert_ne!(claims["jti"], before["jti"]);

    let token = body["accessToken"].as_str().unwrap().to_owned();
    let refreshed = SignedIn::with_token(&app, token);
    refreshed.get("/users/me").await.expect(200);
    // The earlier access token stays valid until it expires.
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_refresh_repeated_within_ten_seconds_returns_the_same_successor() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for rotation in 1..=5 {
        let successor = next_token(refresh(&app, &token).await);
        assert_ne!(successor, token);
        for _ in 0..2 {
            super::backdate_rotation(&app, &ada, 5_000).await;
            let again = refresh(&app, &token).await.expect(200);
            let access_token = again.json()["accessToken"].as_str().unwrap().to_owned();
            assert_eq!(next_token(again), successor, "another successor");
            let me = SignedIn::with_token(&app, access_token);
            me.get("/users/me").await.expect(200);
        }
        assert_eq!(generation(&app, &ada).await, rotation.to_string());
        token = successor;
    }
}

#[tokio::test]
async fn simultaneous_refreshes_of_one_token_return_one_successor() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for round in 1..=rounds(2, 20) {
        let send = |_| {
            let request = app.request(reqwest::Method::POST, "/session/refresh");
            tokio::spawn(Response::to(request.json(&json!({"refreshToken": token}))))
        };
        let responses: Vec<_> = (0..rounds(40, 200)).map(send).collect();
        let mut successors = Vec::new();
        for response in responses {
            successors.push(next_token(response.await.unwrap()));
        }
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}");
        assert_eq!(generation(&app, &ada).await, round.to_string());
        token = successors.remove(0);
    }
}

#[tokio::test]
async fn a_refresh_uses_the_current_roles() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let set = json!({
        "TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": ada.id}},
        "UpdateExpression": "SET #roles = :roles", "ExpressionAttributeNames": {"#roles": "roles"},
        "ExpressionAttributeValues": {":roles": {"SS": ["admin"]}},
    });
    let target = "DynamoDB_20120810.UpdateItem";
    app.call_engine("dynamodb", "local", target, &set)
        .await
        .expect(200);
    let response = refresh(&app, &ada.refresh_token).await.expect(200).json();
    let (_, claims, _) = parts(response["accessToken"].as_str().unwrap());
    assert_eq!(claims["roles"], json!(["admin"]));
}

#[tokio::test]
async fn a_refresh_does_not_extend_a_session() {
    let app = TestApp::start_with(&["RefreshTokenDays=30"]);
    let ada = app.new_user("ada@example.com").await;
    let end = async || {
        let item = session_item(&app, &ada).await.unwrap();
        item["expires_at"]["N"]
            .as_str()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    let expires_at = end().await;
    let month = 30 * 24 * 60 * 60;
    assert!((month - 60..=month).contains(&(expires_at - now())));
    let second = next_token(refresh(&app, &ada.refresh_token).await);
    assert_eq!(end().await, expires_at);

    // Near the end of the session, access tokens expire with it.
    update_session(&app, &ada, "SET expires_at = :value", now() + 100).await;
    let response = refresh(&app, &second).await.expect(200);
    let expires_in = response.json()["expiresIn"].as_i64().unwrap();
    assert!((1..=100).contains(&expires_in), "{expires_in}");
    let (_, claims, _) = parts(response.json()["accessToken"].as_str().unwrap());
    assert!(claims["exp"].as_i64().unwrap() <= end().await);
    let third = next_token(response);

    // DynamoDB's TTL deletes late, so the item may outlive the session.
    update_session(&app, &ada, "SET expires_at = :value", now()).await;
    assert_has_ended(&refresh(&app, &third).await, "the newest");
    assert_has_ended(
        &refresh(&app, &second).await,
        "the one before, within ten seconds",
    );
    assert!(session_item(&app, &ada).await.is_some());
}

#[tokio::test]
async fn an_invalid_refresh_token_ends_no_session() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    let bytes = decode(&ada.refresh_token);
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        encode(&bytes)
    };
    // Session id (16 bytes), generation (4), HMAC (32).
    let raised = flipped(19);
    let with_foreign_id = {
        let foreign = decode(&grace.refresh_token);
        encode(&[&foreign[..16], &bytes[16..]].concat())
    };
    let padded = format!("{}=", ada.refresh_token);
    let expected = refresh(&app, "").await.expect(401).snapshot();
    for token in [
        "not a token",
        &ada.token,
        &padded,
        &format!(" {}", ada.refresh_token),
        &ada.refresh_token[1..],
        &"A".repeat(70),
        &"x".repeat(10_000),
        "\0",
        &raised,
        &with_foreign_id,
        &flipped(0),
        &flipped(20),
        &flipped(51),
    ] {
        let response = refresh(&app, token).await;
        assert_eq!(
            response.snapshot(),
            expected,
            "the responses differ: {token:.80}"
        );
        assert_has_ended(&response, token);
        super::sign_out(&app, token).await.expect(204);
    }
    assert_eq!(generation(&app, &ada).await, "0");
    next_token(refresh(&app, &ada.refresh_token).await);
    next_token(refresh(&app, &grace.refresh_token).await);
}

#[tokio::test]
async fn sessions_of_one_user_are_independent() {
    let app = TestApp::start();
    let here = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let second = next_token(refresh(&app, &here.refresh_token).await);
    next_token(refresh(&app, &second).await);
    next_token(refresh(&app, &there.refresh_token).await);
}
