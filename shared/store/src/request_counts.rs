//! The requests, and write units, of one upload and of the writes of one item.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::{
    Client,
    operation::{
        get_item::GetItemOutput, put_item::PutItemOutput,
        transact_write_items::TransactWriteItemsOutput, update_item::UpdateItemOutput,
    },
};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use domain::{
    Email, Upload, UploadId, UserId,
    upload::{
        Announcement, ContentType, Event, Filename, Object, Outcome, Size, Transfer, Transition,
        UploadGrant,
    },
};
use settings::Env;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    Idempotency, IdempotencyRecord, MailOrder, NewRecord, Outbox, UploadGrants, Uploads,
    uploads::Applied,
};

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

/// A `DynamoDB` that does what it is asked, and the names of the operations with the number of items that each writes.
struct Counted {
    client: Client,
    requests: Arc<Mutex<Vec<(&'static str, usize)>>>,
}

impl Counted {
    fn new() -> Self {
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let count = |operation: &'static str, items: usize| {
            let requests = Arc::clone(&requests);
            move || requests.lock().unwrap().push((operation, items))
        };
        let (get, put) = (count("GetItem", 0), count("PutItem", 1));
        let update = count("UpdateItem", 1);
        let transacted = Arc::clone(&requests);
        let rules = [
            mock!(Client::get_item)
                .match_requests(move |_| {
                    get();
                    true
                })
                .then_output(|| GetItemOutput::builder().build()),
            mock!(Client::put_item)
                .match_requests(move |_| {
                    put();
                    true
                })
                .then_output(|| PutItemOutput::builder().build()),
            mock!(Client::update_item)
                .match_requests(move |_| {
                    update();
                    true
                })
                .then_output(|| UpdateItemOutput::builder().build()),
            mock!(Client::transact_write_items)
                .match_requests(move |request| {
                    let items = request.transact_items().len();
                    let mut requests = transacted.lock().unwrap();
                    requests.push(("TransactWriteItems", items));
                    true
                })
                .then_output(|| TransactWriteItemsOutput::builder().build()),
        ];
        let rules: Vec<_> = rules.iter().collect();
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &rules);
        Self { client, requests }
    }

    fn env() -> Env {
        Env::from([
            ("UPLOADS_TABLE", "uploads"),
            ("QUOTAS_TABLE", "quotas"),
            ("UPLOAD_QUOTA_BYTES", "1000000"),
            ("IDEMPOTENCY_TABLE", "idempotency"),
            ("OUTBOX_TABLE", "outbox"),
            ("UPLOAD_GRANTS_TABLE", "grants"),
        ])
    }

    /// The requests since the last call.
    fn take(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Write units of items of at most 1 KB: an item costs one unit, and two in a transaction. The index is left out.
fn write_units(requests: &[(&str, usize)]) -> usize {
    let units = |(operation, items): &(&str, usize)| match *operation {
        "TransactWriteItems" => 2 * items,
        _ => *items,
    };
    requests.iter().map(units).sum()
}

fn announcement(transfer: Transfer) -> Transition {
    let announcement = Announcement {
        owner: UserId::new(NOW),
        id: UploadId::new(NOW),
        filename: Filename::parse("a.txt").unwrap(),
        content_type: ContentType::unknown(),
        size: Size::parse(5).unwrap(),
        sha256: None,
        transfer,
    };
    Upload::announce(announcement, NOW)
}

fn record() -> IdempotencyRecord {
    IdempotencyRecord {
        id: "key".to_owned(),
        fingerprint: [0; 32],
        salt: [0; 16],
        answer: "{}".to_owned(),
    }
}

/// Applies an event as the reconciler does: nothing is written for an event that changes nothing.
async fn apply(uploads: &Uploads, upload: &Upload, event: &Event, now: OffsetDateTime) -> Upload {
    match upload.on(event, now).unwrap() {
        Outcome::Unchanged => upload.clone(),
        Outcome::Changed(transition) => match uploads.apply(&transition).await.unwrap() {
            Applied::Changed(upload) => *upload,
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::test]
async fn an_upload_costs_two_transactions_and_repeated_events_cost_nothing() {
    let dynamo = Counted::new();
    let uploads = Uploads::from_env(&Counted::env(), &dynamo.client).unwrap();
    let idempotency = Idempotency::from_env(&Counted::env(), &dynamo.client).unwrap();
    let announced = announcement(Transfer::Put);
    let applied = uploads.apply_with_record(&announced, None).await.unwrap();
    assert!(matches!(applied, Applied::Changed(_)));
    let announcing = dynamo.take();
    // The record, and the counters of bytes in use and of open uploads.
    assert_eq!(announcing, [("TransactWriteItems", 2)]);

    let object = Object {
        size: 5,
        sha256: None,
        version_id: "v1".to_owned(),
        stored_at: NOW,
    };
    let arrived = Event::Arrived(object);
    let stored = apply(&uploads, &announced.to, &arrived, NOW).await;
    let arriving = dynamo.take();
    // The record, and the counter of open uploads: the change is known without a second read.
    assert_eq!(arriving, [("TransactWriteItems", 2)]);
    assert_eq!(write_units(&announcing) + write_units(&arriving), 8);

    // S3's event again, and the caller's `complete`.
    for _ in 0..2 {
        assert_eq!(apply(&uploads, &stored, &arrived, NOW).await, stored);
    }
    assert_eq!(dynamo.take(), []);

    let record = record();
    let record = NewRecord {
        idempotency: &idempotency,
        record: &record,
    };
    let applied = uploads
        .apply_with_record(&announced, Some(record))
        .await
        .unwrap();
    assert!(matches!(applied, Applied::Changed(_)));
    assert_eq!(dynamo.take(), [("TransactWriteItems", 3)]);
}

#[tokio::test]
async fn a_change_that_leaves_the_counters_writes_the_record_alone() {
    let dynamo = Counted::new();
    let uploads = Uploads::from_env(&Counted::env(), &dynamo.client).unwrap();
    let object = Object {
        size: 5,
        sha256: None,
        version_id: "v1".to_owned(),
        stored_at: NOW,
    };
    let announced = announcement(Transfer::Form).to;
    let stored = apply(&uploads, &announced, &Event::Arrived(object), NOW).await;
    dynamo.take();
    // A form works until it expires; then its surplus versions are deleted once more.
    let expired = NOW + Duration::days(1);
    let settled = Event::Settled { has_file: true };
    let stored = apply(&uploads, &stored, &settled, expired).await;
    assert_eq!(dynamo.take(), [("PutItem", 1)]);
    apply(&uploads, &stored, &settled, expired).await;
    assert_eq!(dynamo.take(), []);
    let locked = Event::Locked(expired + Duration::HOUR);
    let stored = apply(&uploads, &stored, &locked, expired).await;
    assert_eq!(dynamo.take(), [("PutItem", 1)]);
    apply(&uploads, &stored, &locked, expired).await;
    assert_eq!(dynamo.take(), []);
    // A pending upload that is due and has not arrived is due later.
    apply(&uploads, &announced, &Event::Due, NOW + Duration::HOUR).await;
    assert_eq!(dynamo.take(), [("PutItem", 1)]);
}

#[tokio::test]
async fn a_write_of_one_item_is_not_a_transaction() {
    let dynamo = Counted::new();
    let outbox = Outbox::from_env(&Counted::env(), &dynamo.client).unwrap();
    let email = Email::parse("ada@example.com").unwrap();
    outbox
        .order(
            &MailOrder::Reset { email },
            &domain::Languages::default(),
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(dynamo.take(), [("PutItem", 1)]);

    let grants = UploadGrants::from_env(&Counted::env(), &dynamo.client).unwrap();
    let idempotency = Idempotency::from_env(&Counted::env(), &dynamo.client).unwrap();
    let grant = UploadGrant {
        owner: UserId::new(NOW),
        epoch: 1,
        expires_at: NOW + Duration::HOUR,
    };
    assert!(grants.create("digest", &grant, None, NOW).await.unwrap());
    assert_eq!(dynamo.take(), [("PutItem", 1)]);
    let record = record();
    let record = Some(NewRecord {
        idempotency: &idempotency,
        record: &record,
    });
    assert!(grants.create("digest", &grant, record, NOW).await.unwrap());
    assert_eq!(dynamo.take(), [("TransactWriteItems", 2)]);
}
