use super::{assert_has_ended, backdate_rotation, next_token, refresh, session_item};
use crate::support::{PASSWORD, SignedIn, TestApp};

/// Refreshes a new session three times, and returns its tokens from the first to the newest.
async fn rotated<'a>(app: &'a TestApp, email: &str) -> (SignedIn<'a>, Vec<String>) {
    let ada = app.new_user(email).await;
    let mut tokens = vec![ada.refresh_token.clone()];
    for _ in 0..3 {
        let successor = next_token(refresh(app, tokens.last().unwrap()).await);
        tokens.push(successor);
    }
    (ada, tokens)
}

#[tokio::test]
async fn replaying_an_older_refresh_token_ends_the_session() {
    let app = TestApp::start();
    for older in 0..3 {
        let (ada, tokens) = rotated(&app, &format!("ada{older}@example.com")).await;
        backdate_rotation(&app, &ada, 10_001).await;
        assert_has_ended(&refresh(&app, &tokens[older]).await, "an older one");
        assert_eq!(session_item(&app, &ada).await, None);
        for token in &tokens {
            assert_has_ended(&refresh(&app, token).await, "after a replay");
        }
        // Only this session has ended: its owner can sign in again.
        let email = format!("ada{older}@example.com");
        let again = SignedIn::new(&app, app.sign_in(&email, PASSWORD).await);
        next_token(refresh(&app, &again.refresh_token).await);
    }
}

#[tokio::test]
async fn a_token_two_or_more_rotations_old_ends_the_session_at_any_time() {
    let app = TestApp::start();
    for older in 0..2 {
        let (ada, tokens) = rotated(&app, &format!("ada{older}@example.com")).await;
        assert_has_ended(&refresh(&app, &tokens[older]).await, "an older one");
        assert_has_ended(&refresh(&app, &tokens[3]).await, "the newest");
        assert_eq!(session_item(&app, &ada).await, None);
    }
}

/// After ten seconds, a refresh by the slower of the two ends the session for both.
#[tokio::test]
async fn an_owner_and_a_thief_cannot_both_continue_a_session() {
    let app = TestApp::start();
    for thief_is_first in [false, true] {
        let ada = app.new_user(&format!("{thief_is_first}@example.com")).await;
        let stolen = ada.refresh_token.clone();
        let second = next_token(refresh(&app, &stolen).await);
        // Within ten seconds, both get the same token.
        assert_eq!(next_token(refresh(&app, &stolen).await), second);
        let third = next_token(refresh(&app, &second).await);
        backdate_rotation(&app, &ada, 10_001).await;
        assert_has_ended(&refresh(&app, &second).await, "the slower one");
        assert_has_ended(&refresh(&app, &third).await, "the quicker one");
    }
}

#[tokio::test]
async fn a_replay_is_logged_without_the_token() {
    let app = TestApp::start();
    let (ada, tokens) = rotated(&app, "ada@example.com").await;
    let response = refresh(&app, &tokens[0]).await;
    let request_id = response.header("x-request-id").unwrap().to_owned();
    assert_has_ended(&response, "a replay");
    let log = app.log_with(&["refresh_token_replayed"]).await;
    let line = log
        .lines()
        .find(|line| line.contains("refresh_token_replayed"))
        .unwrap();
    for word in ["WARN", &ada.session_id(), &ada.id, &request_id] {
        assert!(line.contains(word), "{word} in {line}");
    }
    for token in &tokens {
        assert!(!log.contains(token.as_str()));
    }
}
