//! What is left of a user after the deletion of the account: nothing but pseudonymous orders.

mod export;
mod gone;
mod late;
mod many;
mod person;
mod recorded;
mod scan;

use aws_sdk_s3::types::ObjectLockRetention;
use serde_json::{Value, json};

pub use self::scan::put;
use self::{
    person::{EMAIL, Person},
    scan::{assert_nothing_is_left, objects_of},
};
use crate::{
    support::{PASSWORD, TestApp},
    uploads::{run_reconciler, run_repair, update_item},
};

/// The time of everything that a test makes old.
const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";

/// Starts a system for these tests.
pub fn start() -> TestApp {
    TestApp::start_with_mail(&["MaxLockDays=30"])
}

/// Lets time pass for the records of an owner: URLs have expired, and locks have ended.
async fn let_time_pass(app: &TestApp, owner: &str) {
    let records = scan::query(app, "UploadsTable", "owner", owner).await;
    for record in records {
        let mut body = json!({
            "TableName": "cloakroom-dev-UploadsTable",
            "Key": {"owner": record["owner"], "id": record["id"]},
            "UpdateExpression": "SET created_at = :past, due_at = :due, due_shard = if_not_exists(due_shard, :shard)",
            "ExpressionAttributeValues": {":past": {"S": LONG_AGO}, ":due": {"N": "1"}, ":shard": {"S": "0"}},
        });
        if record["locked_until"].is_object() {
            let set = body["UpdateExpression"].as_str().unwrap();
            body["UpdateExpression"] = json!(format!("{set}, locked_until = :due"));
        }
        update_item(app, body).await;
    }
}

/// Ends the locks of an owner's files in S3, as time does.
async fn end_locks(app: &TestApp, owner: &str) {
    for key in objects_of(app, owner).await {
        let put = app.s3("local").put_object_retention().bucket(app.bucket());
        let put = put.key(&key).bypass_governance_retention(true);
        let _ = put
            .retention(ObjectLockRetention::builder().build())
            .send()
            .await;
    }
}

/// Runs the schedules of uploads until nothing of the owner is due, a day after the deletion.
pub async fn finish(app: &TestApp, owner: &str) {
    end_locks(app, owner).await;
    for _ in 0..3 {
        let_time_pass(app, owner).await;
        run_reconciler(app).await;
    }
    let body = json!({
        "TableName": "cloakroom-dev-QuotasTable", "Key": {"owner": {"S": owner}},
        "UpdateExpression": "SET erased_at = :past",
        "ConditionExpression": "attribute_exists(erased_at)",
        "ExpressionAttributeValues": {":past": {"N": "1"}},
    });
    update_item(app, body).await;
    run_repair(app).await;
    app.settled().await;
}

#[tokio::test]
async fn nothing_of_a_deleted_user_is_left_but_pseudonymous_orders() {
    let app = start();
    let person = Person::with_everything(&app).await;
    let id = person.user.id.clone();
    let deleted = person
        .user
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(204);
    app.settled().await;

    // A locked file stays until its lock ends. All others go with the next run of the reconciler.
    run_reconciler(&app).await;
    let locked = format!("{id}/{}", person.locked);
    assert!(objects_of(&app, &id).await.contains(&locked));
    end_and_check(&app, &id).await;

    // Buyers keep the right, without a file. The seller's copy of the order has another id.
    let library = person.other.get("/library").await.expect(200).json();
    let item = &library["items"][0];
    assert_eq!(item["product"]["title"], person::TITLE);
    assert_eq!(
        (&item["files"], &item["product"]["sellerId"]),
        (&json!([]), &Value::Null)
    );
    let bought = person.other.order_state(&person.sold_order).await;
    assert_eq!(bought["status"], "paid");
    let order = app.order_item(&person.own_order).await;
    assert_eq!(order["settlement"]["S"], "paid");
    assert_ne!(order["buyer"]["S"], id.as_str());
    let sold = app.order_item(&person.sold_order).await;
    assert_eq!(
        sold["seller"], order["buyer"],
        "one pseudonym for all orders"
    );
    // Others keep what is theirs.
    let uploads = person.other.get("/uploads").await.expect(200).json();
    assert_eq!(uploads["items"].as_array().unwrap().len(), 2);
}

async fn end_and_check(app: &TestApp, id: &str) {
    finish(app, id).await;
    assert_eq!(objects_of(app, id).await, [] as [String; 0]);
    assert_nothing_is_left(app, &[id, EMAIL, person::NAME]).await;
}
