//! Replies that no healthy table gives: conflicts, throttles, lost replies, outages.

use std::sync::{Arc, Mutex};

use auth::password::PasswordHash;
use aws_sdk_dynamodb::{
    Client,
    config::{Builder, retry::RetryConfig},
    error::ErrorMetadata,
    operation::{
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
        update_item::{UpdateItemError, UpdateItemOutput},
    },
    types::{
        AttributeValue, CancellationReason,
        error::{
            ConditionalCheckFailedException, TransactionCanceledException,
            TransactionConflictException, TransactionInProgressException,
        },
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use domain::{Email, Lockout, Name, Patch, Profile, Roles, Status, User, UserId};
use time::macros::datetime;

use crate::{
    AccountTables, Credential, Credentials, Idempotency, IdempotencyRecord, NewRecord, StoreError,
    UserChanges, UserUpdate, Users,
    accounts::{self, SignUp},
    row::s,
    table::Table,
};

/// One reply of the service; `Lost` is a status without a usable body.
enum Reply {
    Committed,
    Refused(fn() -> TransactWriteItemsError),
    Lost,
}

fn user() -> User {
    let now = datetime!(2026-01-01 00:00:00 UTC);
    User {
        id: UserId::new(now),
        email: Email::parse("Ada@example.com").unwrap(),
        name: Name::parse("Ada").unwrap(),
        profile: Profile::default(),
        roles: Roles::new(),
        status: Status::Active,
        verified_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn table(client: &Client) -> Table {
    Table {
        client: client.clone(),
        name: "table".into(),
    }
}

async fn sign_up(client: &Client) -> Result<SignUp, StoreError> {
    let user = user();
    let credential = Credential {
        user_id: user.id,
        hash: PasswordHash::parse("$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde")
            .unwrap(),
        roles: Roles::new(),
        status: Status::Active,
        session_epoch: 1,
        lockout: Lockout::NONE,
    };
    let record = IdempotencyRecord {
        id: "key".into(),
        fingerprint: [0; 32],
        salt: [0; 16],
        answer: "{}".into(),
    };
    let tables = AccountTables {
        credentials: &Credentials(table(client)),
        users: &Users(table(client)),
    };
    let record = Some(NewRecord {
        idempotency: &Idempotency(table(client)),
        record: &record,
    });
    accounts::create(tables, &user, &credential, record, None).await
}

fn cancelled(codes: [&str; 3]) -> TransactWriteItemsError {
    let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
    let cancelled = TransactionCanceledException::builder()
        .set_cancellation_reasons(Some(reasons.to_vec()))
        .build();
    TransactWriteItemsError::TransactionCanceledException(cancelled)
}

/// A `DynamoDB` that gives these replies in turn, and the request tokens it was sent.
struct Scripted {
    client: Client,
    tokens: Arc<Mutex<Vec<String>>>,
    rule: Rule,
    replies: usize,
}

/// As in `settings::aws`; the mocks come without.
fn retries(config: Builder) -> Builder {
    config.retry_config(RetryConfig::standard().with_max_attempts(6))
}

impl Scripted {
    fn new(replies: Vec<Reply>) -> Self {
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&tokens);
        let rule = mock!(Client::transact_write_items).match_requests(move |request| {
            let token = request.client_request_token().map(str::to_owned);
            seen.lock().unwrap().extend(token);
            true
        });
        let count = replies.len();
        let script = replies
            .into_iter()
            .fold(rule.sequence(), |script, reply| match reply {
                Reply::Lost => script.http_status(500, None),
                Reply::Committed => script.output(|| TransactWriteItemsOutput::builder().build()),
                Reply::Refused(error) => script.error(error),
            });
        let rule = script.build();
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule], retries);
        Self {
            client,
            tokens,
            rule,
            replies: count,
        }
    }

    /// Every reply was asked for, each time with the same token.
    fn assert_all_used_with_one_token(&self) {
        assert_eq!(self.rule.num_calls(), self.replies);
        let tokens = self.tokens.lock().unwrap();
        assert!(!tokens.is_empty() && tokens.windows(2).all(|two| two[0] == two[1]));
    }
}

#[tokio::test(start_paused = true)]
async fn conflicts_and_throttles_are_tried_again_with_the_same_token() {
    let in_progress = || {
        let error = TransactionInProgressException::builder().build();
        TransactWriteItemsError::TransactionInProgressException(error)
    };
    let dynamo = Scripted::new(vec![
        Reply::Refused(|| cancelled(["TransactionConflict", "None", "None"])),
        Reply::Refused(|| cancelled(["None", "ThrottlingError", "None"])),
        Reply::Refused(|| cancelled(["None", "None", "ProvisionedThroughputExceeded"])),
        Reply::Refused(in_progress),
        Reply::Committed,
    ]);
    assert_eq!(sign_up(&dynamo.client).await.unwrap(), SignUp::Created);
    dynamo.assert_all_used_with_one_token();
}

#[tokio::test(start_paused = true)]
async fn only_a_failed_guard_means_that_the_email_is_taken() {
    let dynamo = Scripted::new(vec![Reply::Refused(|| {
        cancelled(["ConditionalCheckFailed", "ThrottlingError", "None"])
    })]);
    assert_eq!(sign_up(&dynamo.client).await.unwrap(), SignUp::EmailTaken);
    // Beside a conflict the failed condition may come from an earlier try of this transaction, which is not complete yet.
    let dynamo = Scripted::new(vec![
        Reply::Refused(|| cancelled(["ConditionalCheckFailed", "None", "TransactionConflict"])),
        Reply::Committed,
    ]);
    assert_eq!(sign_up(&dynamo.client).await.unwrap(), SignUp::Created);
    dynamo.assert_all_used_with_one_token();
    for unknown in [
        || cancelled(["ValidationError", "None", "None"]),
        || cancelled(["None", "ItemCollectionSizeLimitExceeded", "None"]),
    ] {
        let dynamo = Scripted::new(vec![Reply::Refused(unknown)]);
        assert!(matches!(
            sign_up(&dynamo.client).await,
            Err(StoreError::Unavailable(_))
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_key_is_distinguished_from_a_taken_email() {
    let dynamo = Scripted::new(vec![Reply::Refused(|| {
        cancelled(["ConditionalCheckFailed", "None", "ConditionalCheckFailed"])
    })]);
    assert_eq!(
        sign_up(&dynamo.client).await.unwrap(),
        SignUp::IdempotencyKeyUsed
    );
}

#[tokio::test(start_paused = true)]
async fn a_transaction_whose_reply_is_lost_is_sent_again_with_the_same_token() {
    // The first try may have committed: only its token lets the second one find that out.
    let dynamo = Scripted::new(vec![Reply::Lost, Reply::Lost, Reply::Committed]);
    assert_eq!(sign_up(&dynamo.client).await.unwrap(), SignUp::Created);
    dynamo.assert_all_used_with_one_token();
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_reported_as_unavailable() {
    let dynamo = Scripted::new((0..10).map(|_| Reply::Lost).collect());
    assert!(matches!(
        sign_up(&dynamo.client).await,
        Err(StoreError::Unavailable(_))
    ));
}

/// An update whose first reply got lost finds its condition failed by its own doing, with the item as `item` makes it
/// from the update's mark.
async fn update_after_a_lost_reply(
    item: fn(&str) -> Vec<(&'static str, AttributeValue)>,
) -> UserUpdate {
    let write_id = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&write_id);
    let rule = mock!(Client::update_item)
        .match_requests(move |request| {
            let values = request.expression_attribute_values().unwrap();
            *seen.lock().unwrap() = values[":write_id"].as_s().unwrap().clone();
            true
        })
        .then_error(move || {
            let old = item(&write_id.lock().unwrap());
            let old = old
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let failed = ConditionalCheckFailedException::builder()
                .set_item(Some(old))
                .build();
            UpdateItemError::ConditionalCheckFailedException(failed)
        });
    let client = mock_client!(aws_sdk_dynamodb, [&rule]);
    let changes = UserChanges {
        name: Patch::Set(Name::parse("Ada").unwrap()),
        ..UserChanges::default()
    };
    let now = datetime!(2026-01-02 00:00:00 UTC);
    Users(table(&client))
        .update(user().id, &changes, Some(&[1]), now)
        .await
        .unwrap()
}

fn stored(write_id: &str) -> Vec<(&'static str, AttributeValue)> {
    vec![
        ("id", s(user().id.to_string())),
        ("email", s("Ada@example.com")),
        ("email_canonical", s("ada@example.com")),
        ("name", s("Ada")),
        ("profile", AttributeValue::M([].into())),
        ("version", AttributeValue::N("2".into())),
        ("created_at", s("2026-01-01T00:00:00Z")),
        ("updated_at", s("2026-01-02T00:00:00Z")),
        ("write_id", s(write_id)),
    ]
}

#[tokio::test]
async fn an_update_finds_its_own_work_after_a_lost_reply() {
    let own = update_after_a_lost_reply(stored).await;
    assert!(matches!(own, UserUpdate::Updated(user) if user.version == 2));
    let other = update_after_a_lost_reply(|_| stored("another")).await;
    assert!(matches!(other, UserUpdate::VersionMismatch));
}

/// `DynamoDB` refuses an update while a transaction has the item, and says nothing about the data.
#[tokio::test(start_paused = true)]
async fn an_update_waits_for_a_transaction_on_its_item() {
    let conflict = || {
        let metadata = ErrorMetadata::builder().code("TransactionConflictException");
        let conflict = TransactionConflictException::builder().meta(metadata.build());
        UpdateItemError::TransactionConflictException(conflict.build())
    };
    let done = || {
        let item = stored("its own").into_iter();
        let item = item.map(|(name, value)| (name.to_owned(), value)).collect();
        UpdateItemOutput::builder()
            .set_attributes(Some(item))
            .build()
    };
    let rule = mock!(Client::update_item)
        .sequence()
        .error(conflict)
        .error(conflict)
        .output(done)
        .build();
    let client = mock_client!(aws_sdk_dynamodb, [&rule]);
    let now = datetime!(2026-01-02 00:00:00 UTC);
    let updated = Users(table(&client))
        .update(user().id, &UserChanges::default(), None, now)
        .await;
    assert!(matches!(updated, Ok(UserUpdate::Updated(user)) if user.version == 2));
    assert_eq!(rule.num_calls(), 3);
}

#[tokio::test]
async fn an_update_of_a_missing_user_is_not_found() {
    let rule = mock!(Client::update_item).then_error(|| {
        let failed = ConditionalCheckFailedException::builder().build();
        UpdateItemError::ConditionalCheckFailedException(failed)
    });
    let client = mock_client!(aws_sdk_dynamodb, [&rule]);
    let now = datetime!(2026-01-02 00:00:00 UTC);
    let updated = Users(table(&client))
        .update(user().id, &UserChanges::default(), None, now)
        .await;
    assert!(matches!(updated, Ok(UserUpdate::NotFound)));
}
