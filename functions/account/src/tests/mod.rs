//! Changes of an account during concurrent changes and database failures.

mod tables;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::UserId;
use serde_json::json;

use self::tables::{Reply, Response, Tables, hash_of, s, user_id};

const PASSWORD: &str = "analytical engine";
const CONDITION_FAILED: Reply = Reply::Refused(&["ConditionalCheckFailed", "None", "None"]);

/// The methods of the two changes.
const CHANGES: [&str; 2] = ["PUT", "DELETE"];

async fn change(tables: &Tables, method: &str) -> Response {
    let (path, body) = match method {
        "PUT" => (
            "/users/me/password",
            json!({"currentPassword": PASSWORD, "newPassword": "difference engine"}),
        ),
        _ => ("/users/me", json!({"password": PASSWORD})),
    };
    tables.request(method, path, &body).await
}

/// Returns the hash in the condition of a transaction.
fn condition(parts: &[TransactWriteItem]) -> AttributeValue {
    let credential = &parts[0];
    let update = credential
        .update()
        .and_then(|update| update.expression_attribute_values());
    let delete = credential
        .delete()
        .and_then(|delete| delete.expression_attribute_values());
    update.or(delete).unwrap()[":old"].clone()
}

#[tokio::test]
async fn a_change_writes_only_the_verified_account() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [transaction] = tables.take_transactions().try_into().unwrap();
    assert_eq!(condition(&transaction.parts), s(hash.as_str()));
    let table = |part: &TransactWriteItem| part.update().unwrap().table_name().to_owned();
    let written: Vec<_> = transaction.parts.iter().map(table).collect();
    assert_eq!(written, ["credentials", "users", "sessions"]);

    assert!(change(&tables, "DELETE").await.is(204, ""));
    let [transaction] = tables.take_transactions().try_into().unwrap();
    assert_eq!(condition(&transaction.parts), s(hash.as_str()));
    let (record, deleted) = transaction.parts.split_last().unwrap();
    let table = |part: &TransactWriteItem| part.delete().unwrap().table_name().to_owned();
    let written: Vec<_> = deleted.iter().map(table).collect();
    assert_eq!(written, ["credentials", "users"]);
    let record = record.put().unwrap();
    assert_eq!(record.table_name(), "users");
    assert_eq!(record.item()["id"], s(&format!("deleted#{}", user_id())));
}

#[tokio::test]
async fn a_change_is_repeated_after_a_concurrent_change() {
    // A sign-in renewed the hash of the same password in between.
    let (before, after) = (hash_of(PASSWORD).await, hash_of(PASSWORD).await);
    let tables = Tables::new([&before, &after], &[CONDITION_FAILED, Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [first, second] = tables.take_transactions().try_into().unwrap();
    let conditions = [&first, &second].map(|transaction| condition(&transaction.parts));
    assert_eq!(conditions, [s(before.as_str()), s(after.as_str())]);
    assert_ne!(
        first.token, second.token,
        "another transaction needs another token"
    );
    assert!(change(&tables, "DELETE").await.is(204, ""));
}

#[tokio::test]
async fn a_password_that_was_replaced_meanwhile_is_refused() {
    let hashes = [hash_of(PASSWORD).await, hash_of("another password").await];
    let tables = Tables::new(&hashes, &[CONDITION_FAILED, Reply::Committed]);
    for method in CHANGES {
        let response = change(&tables, method).await;
        assert!(response.is(401, "invalid_credentials"), "{response:?}");
        assert_eq!(tables.take_transactions().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_locked_account_get_the_same_response() {
    let (another, right) = (hash_of("another password").await, hash_of(PASSWORD).await);
    let active = Tables::new([&another], &[Reply::Committed]);
    let locked = Tables {
        is_locked: true,
        ..Tables::new([&right], &[Reply::Committed])
    };
    for method in CHANGES {
        let (wrong, refused) = (change(&active, method).await, change(&locked, method).await);
        assert!(wrong.is(401, "invalid_credentials"), "{wrong:?}");
        assert_eq!(wrong, refused);
        let detail = "Invalid password. Check it, or try again in a few minutes.";
        assert!(wrong.text().contains(detail), "{}", wrong.text());
    }
}

#[tokio::test]
async fn a_change_that_always_conflicts_is_a_conflict() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[CONDITION_FAILED; 9]);
    for method in CHANGES {
        let response = change(&tables, method).await;
        assert!(response.is(409, "changed_meanwhile"), "{response:?}");
        assert_eq!(tables.take_transactions().len(), crate::ATTEMPTS);
    }
}

#[tokio::test]
async fn an_ended_session_does_not_prevent_a_new_password() {
    let ended = Reply::Refused(&["None", "None", "ConditionalCheckFailed"]);
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[ended, Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [with, without] = tables.take_transactions().try_into().unwrap();
    assert_eq!((with.parts.len(), without.parts.len()), (3, 2));
    assert_ne!(with.token, without.token);
}

#[tokio::test(start_paused = true)]
async fn lost_replies_conflicts_and_throttles_are_retried_with_the_same_token() {
    let hash = hash_of(PASSWORD).await;
    let conflict = Reply::Refused(&["TransactionConflict", "None", "None"]);
    let throttle = Reply::Refused(&["None", "ThrottlingError", "None"]);
    let replies = [
        Reply::Lost,
        conflict,
        Reply::Lost,
        throttle,
        Reply::Committed,
    ];
    let tables = Tables::new([&hash], &replies);
    for method in CHANGES {
        let response = change(&tables, method).await;
        assert!(response.is(204, ""), "{response:?}");
        let transactions = tables.take_transactions();
        assert_eq!(transactions[0].token, transactions.last().unwrap().token);
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_outage_is_a_503() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[Reply::Lost; 20]);
    for method in CHANGES {
        let response = change(&tables, method).await;
        assert!(response.is(503, "unavailable"), "{response:?}");
    }
}

#[tokio::test]
async fn an_account_that_is_disabled_deleted_or_of_another_user_cannot_be_changed() {
    let hash = hash_of(PASSWORD).await;
    let tables = || Tables::new([&hash], &[Reply::Committed]);
    let another_user = UserId::parse("01890000-0000-7000-8000-000000000002").unwrap();
    for tables in [
        Tables {
            status: "disabled",
            ..tables()
        },
        Tables {
            user_exists: false,
            ..tables()
        },
        // The caller's account was deleted; another user has the address now, with the same password.
        Tables {
            owner: another_user,
            ..tables()
        },
    ] {
        for method in CHANGES {
            let response = change(&tables, method).await;
            assert!(response.is(401, "invalid_token"), "{response:?}");
        }
        assert_eq!(tables.take_transactions().len(), 0);
    }
}
