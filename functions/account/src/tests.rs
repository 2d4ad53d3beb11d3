//! Changes of an account while others change it, and while the database fails.

mod tables;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::UserId;
use serde_json::json;

use self::tables::{Answer, Reply, Tables, hash_of, s};

const PASSWORD: &str = "analytical engine";
const OVERTAKEN: Reply = Reply::Refused(&["ConditionalCheckFailed", "None", "None"]);

/// The two changes, by their methods.
const CHANGES: [&str; 2] = ["PUT", "DELETE"];

async fn change(tables: &Tables, method: &str) -> Answer {
    let (path, body) = match method {
        "PUT" => (
            "/users/me/password",
            json!({"currentPassword": PASSWORD, "newPassword": "difference engine"}),
        ),
        _ => ("/users/me", json!({"password": PASSWORD})),
    };
    tables.request(method, path, &body).await
}

/// The hash that a transaction insists on.
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
async fn a_change_touches_only_the_account_that_was_proven() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [asked] = tables.asked().try_into().unwrap();
    assert_eq!(condition(&asked.parts), s(hash.as_str()));
    let touched = |part: &TransactWriteItem| part.update().unwrap().table_name().to_owned();
    let touched: Vec<_> = asked.parts.iter().map(touched).collect();
    assert_eq!(touched, ["credentials", "users", "sessions"]);

    assert!(change(&tables, "DELETE").await.is(204, ""));
    let [asked] = tables.asked().try_into().unwrap();
    assert_eq!(condition(&asked.parts), s(hash.as_str()));
    let touched = |part: &TransactWriteItem| part.delete().unwrap().table_name().to_owned();
    let touched: Vec<_> = asked.parts.iter().map(touched).collect();
    assert_eq!(touched, ["credentials", "users"]);
}

#[tokio::test]
async fn a_change_that_is_overtaken_is_made_to_what_is_there_now() {
    // A sign-in renewed the hash of the same password in between.
    let (before, after) = (hash_of(PASSWORD).await, hash_of(PASSWORD).await);
    let tables = Tables::new([&before, &after], &[OVERTAKEN, Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [first, second] = tables.asked().try_into().unwrap();
    let conditions = [&first, &second].map(|asked| condition(&asked.parts));
    assert_eq!(conditions, [s(before.as_str()), s(after.as_str())]);
    assert_ne!(first.token, second.token, "another write, another token");
    assert!(change(&tables, "DELETE").await.is(204, ""));
}

#[tokio::test]
async fn a_password_that_was_replaced_meanwhile_proves_nothing() {
    let hashes = [hash_of(PASSWORD).await, hash_of("somebody else's").await];
    let tables = Tables::new(&hashes, &[OVERTAKEN, Reply::Committed]);
    for method in CHANGES {
        let answer = change(&tables, method).await;
        assert!(answer.is(401, "invalid_credentials"), "{answer:?}");
        assert_eq!(tables.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_change_that_never_comes_through_is_a_conflict() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[OVERTAKEN; 9]);
    for method in CHANGES {
        let answer = change(&tables, method).await;
        assert!(answer.is(409, "changed_meanwhile"), "{answer:?}");
        assert_eq!(tables.asked().len(), crate::TRIES);
    }
}

#[tokio::test]
async fn a_session_that_is_gone_does_not_stop_a_new_password() {
    let gone = Reply::Refused(&["None", "None", "ConditionalCheckFailed"]);
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[gone, Reply::Committed]);
    assert!(change(&tables, "PUT").await.is(204, ""));
    let [with, without] = tables.asked().try_into().unwrap();
    assert_eq!((with.parts.len(), without.parts.len()), (3, 2));
    assert_ne!(with.token, without.token);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_asked_for_again_and_a_conflict_is_waited_out() {
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
        let answer = change(&tables, method).await;
        assert!(answer.is(204, ""), "{answer:?}");
        let asked = tables.asked();
        assert_eq!(asked[0].token, asked.last().unwrap().token);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_as_one() {
    let hash = hash_of(PASSWORD).await;
    let tables = Tables::new([&hash], &[Reply::Lost; 20]);
    for method in CHANGES {
        let answer = change(&tables, method).await;
        assert!(answer.is(503, "unavailable"), "{answer:?}");
    }
}

#[tokio::test]
async fn nobody_acts_for_an_account_that_is_disabled_deleted_or_anothers() {
    let hash = hash_of(PASSWORD).await;
    let tables = || Tables::new([&hash], &[Reply::Committed]);
    let anothers = UserId::parse("01890000-0000-7000-8000-000000000002").unwrap();
    for tables in [
        Tables {
            status: "disabled",
            ..tables()
        },
        Tables {
            user_exists: false,
            ..tables()
        },
        // The owner deleted it, and somebody else has the address now, even with the same password.
        Tables {
            owner: anothers,
            ..tables()
        },
    ] {
        for method in CHANGES {
            let answer = change(&tables, method).await;
            assert!(answer.is(401, "invalid_token"), "{answer:?}");
        }
        assert_eq!(tables.asked().len(), 0);
    }
}
