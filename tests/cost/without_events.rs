//! Uploads that are completed before the event of S3 arrives, and files that only the reconciler finds.

use serde_json::{Value, json};

use super::{
    meter::{Measured, Meter},
    uploads::{CREATED, create, send},
};
use crate::{
    support::SignedIn,
    uploads::{deliver_event, make_due, object_created_event, run_reconciler, upload_path},
};

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start_without_events("without-events");
    let ada = start_uploads(&meter).await;
    complete_first(&meter, &ada).await;
    due(&meter, &ada).await;
    meter.finish()
}

/// Creates a user, and sends the functions for uploads their first requests.
pub async fn start_uploads(meter: &Meter) -> SignedIn<'_> {
    let ada = meter.new_user("ada@example.com").await;
    ada.get("/uploads/usage").await.expect(200);
    run_reconciler(meter).await;
    meter.skip_event("Scheduled Event").await;
    ada
}

/// Delivers the event of an object with one version.
pub async fn deliver_created(meter: &Meter, key: &str) {
    let mut event = object_created_event(key);
    let versions = meter.version_ids(key).await;
    assert_eq!(versions.len(), 1);
    event["detail"]["object"]["version-id"] = json!(versions[0]);
    deliver_event(meter, &event).await.expect(200);
}

async fn complete_first(meter: &Meter, ada: &SignedIn<'_>) {
    let created = create(ada).await.json();
    send(&created).await;
    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    meter
        .request("one PUT, before the event", completed.expect(200))
        .await;
    deliver_created(meter, &ada.object_key(&created)).await;
    meter.event(CREATED, "after the upload is completed").await;
}

async fn due(meter: &Meter, ada: &SignedIn<'_>) {
    let created: Value = create(ada).await.json();
    send(&created).await;
    make_due(meter, &ada.id, &created, None).await;
    run_reconciler(meter).await;
    meter
        .event("Scheduled Event", "one file without an event")
        .await;
}
