use super::{assert_has_ended, item, next, pass, refresh};
use crate::support::{PASSWORD, SignedIn, TestApp, eventually};

/// A session that was refreshed three times, and its tokens from the first to the newest.
async fn rotated<'a>(app: &'a TestApp, email: &str) -> (SignedIn<'a>, Vec<String>) {
    let ada = app.new_user(email).await;
    let mut tokens = vec![ada.refresh_token.clone()];
    for _ in 0..3 {
        let successor = next(refresh(app, tokens.last().unwrap()).await);
        tokens.push(successor);
    }
    (ada, tokens)
}

#[tokio::test]
async fn an_older_token_ends_the_session() {
    let app = TestApp::start();
    for older in 0..3 {
        let (ada, tokens) = rotated(&app, &format!("ada{older}@example.com")).await;
        pass(&app, &ada, 10_001).await;
        assert_has_ended(&refresh(&app, &tokens[older]).await, "an older one");
        assert_eq!(item(&app, &ada).await, None);
        for token in &tokens {
            assert_has_ended(&refresh(&app, token).await, "all are dead");
        }
        // Only this session: its owner signs in again.
        let email = format!("ada{older}@example.com");
        let again = SignedIn::new(&app, app.sign_in(&email, PASSWORD).await);
        next(refresh(&app, &again.refresh_token).await);
    }
}

#[tokio::test]
async fn one_before_the_last_ends_the_session_at_any_time() {
    let app = TestApp::start();
    for older in 0..2 {
        let (ada, tokens) = rotated(&app, &format!("ada{older}@example.com")).await;
        assert_has_ended(&refresh(&app, &tokens[older]).await, "an older one");
        assert_has_ended(&refresh(&app, &tokens[3]).await, "the newest");
        assert_eq!(item(&app, &ada).await, None);
    }
}

/// Whoever of the two comes first after the other one's ten seconds, it is over for both.
#[tokio::test]
async fn an_owner_and_a_thief_do_not_both_go_on() {
    let app = TestApp::start();
    for thief_is_first in [false, true] {
        let ada = app.new_user(&format!("{thief_is_first}@example.com")).await;
        let stolen = ada.refresh_token.clone();
        let second = next(refresh(&app, &stolen).await);
        // Within the ten seconds, both are given the same.
        assert_eq!(next(refresh(&app, &stolen).await), second);
        let third = next(refresh(&app, &second).await);
        pass(&app, &ada, 10_001).await;
        assert_has_ended(&refresh(&app, &second).await, "the slower one");
        assert_has_ended(&refresh(&app, &third).await, "the quicker one");
    }
}

#[tokio::test]
async fn a_replay_is_a_line_in_the_log_that_names_no_token() {
    let app = TestApp::start();
    let (ada, tokens) = rotated(&app, "ada@example.com").await;
    let answer = refresh(&app, &tokens[0]).await;
    let request_id = answer.header("x-request-id").unwrap().to_owned();
    assert_has_ended(&answer, "a replay");
    eventually(async || app.log().contains("refresh_token_replayed")).await;
    let log = app.log();
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
