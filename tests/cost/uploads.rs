//! Uploads of one PUT, whose events arrive before they are completed, and what can be done with their files.

use reqwest::Method;
use serde_json::{Value, json};

use super::meter::{Measured, Meter};
use crate::{
    support::{Response, SignedIn, hours_from_now},
    uploads::{deliver_event, presigned, run_reconciler, submit, upload_path},
};

/// The kind of an event of S3.
pub const CREATED: &str = "Object Created";
const BYTES: &[u8] = b"hello";

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("uploads", &["MaxLockDays=30"]);
    let ada = meter.new_user("ada@example.com").await;
    let grace = meter.new_user("grace@example.com").await;
    warm_up(&meter, &ada).await;
    let upload = event_first(&meter, &ada).await;
    form(&meter, &ada).await;
    repeated(&meter, &ada).await;
    lists(&meter, &ada).await;
    files(&meter, &ada, &upload).await;
    grants(&meter, &ada, &grace, &upload).await;
    deletion(&meter, &ada, &upload).await;
    locks(&meter, &ada, &upload).await;
    schedules(&meter).await;
    meter.finish()
}

async fn warm_up(meter: &Meter, ada: &SignedIn<'_>) {
    ada.get("/uploads/usage").await.expect(200);
    ada.put("/uploads/x/lock", &json!({})).await;
    run_reconciler(meter).await;
    meter.skip_event("Scheduled Event").await;
}

/// Creates an upload of the size of [`BYTES`].
pub async fn create(ada: &SignedIn<'_>) -> Response {
    let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": BYTES.len()});
    ada.post("/uploads", &body).await.expect(201)
}

/// Sends the bytes to S3.
pub async fn send(created: &Value) {
    let put = presigned(&created["transfer"], Method::PUT).body(BYTES);
    Response::to(put).await.expect(200);
}

async fn event_first(meter: &Meter, ada: &SignedIn<'_>) -> Value {
    let created = meter.request("one PUT", create(ada).await).await.json();
    let shown = ada.get(&upload_path(&created, "")).await.expect(200);
    meter.request("a pending upload", shown).await;
    send(&created).await;
    meter.event(CREATED, "before the upload is completed").await;
    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    meter
        .request("one PUT, after the event", completed.expect(200))
        .await;
    created
}

async fn form(meter: &Meter, ada: &SignedIn<'_>) {
    let form = ada.get("/s3/params?filename=a.txt").await.expect(200);
    submit(&form.json(), BYTES).await.expect(201);
    meter.event(CREATED, "of a form").await;
}

async fn repeated(meter: &Meter, ada: &SignedIn<'_>) {
    let body = json!({"filename": "a.txt", "contentType": "text/plain", "size": BYTES.len()});
    for case in [
        "one PUT, with Idempotency-Key",
        "repeated with Idempotency-Key",
    ] {
        let request = ada.request(Method::POST, "/uploads").json(&body);
        let request = request.header("idempotency-key", "one");
        meter
            .request(case, Response::to(request).await.expect(201))
            .await;
    }
}

async fn lists(meter: &Meter, ada: &SignedIn<'_>) {
    // One row more shows whether there is a next page.
    for _ in 0..20 {
        create(ada).await;
    }
    let listed = ada.get("/uploads?limit=20").await.expect(200);
    meter.request("20 uploads", listed).await;
    let usage = ada.get("/uploads/usage").await.expect(200);
    meter.request("any", usage).await;
}

async fn files(meter: &Meter, ada: &SignedIn<'_>, upload: &Value) {
    let shown = ada.get(&upload_path(upload, "")).await.expect(200);
    meter.request("a stored upload", shown).await;
    let versions = ada.get(&upload_path(upload, "/versions")).await;
    meter.request("one version", versions.expect(200)).await;
}

async fn grants(meter: &Meter, ada: &SignedIn<'_>, grace: &SignedIn<'_>, upload: &Value) {
    let path = upload_path(upload, &format!("/grants/{}", grace.id));
    let granted = Response::to(ada.request(Method::PUT, &path)).await;
    meter.request("any", granted.expect(204)).await;
    let listed = ada.get(&upload_path(upload, "/grants")).await.expect(200);
    meter.request("1 grant", listed).await;
    let shown = grace.get(&upload_path(upload, "")).await.expect(200);
    meter.request("by a read grant", shown).await;
    let revoked = Response::to(ada.request(Method::DELETE, &path)).await;
    meter.request("any", revoked.expect(204)).await;
}

async fn deletion(meter: &Meter, ada: &SignedIn<'_>, upload: &Value) {
    let versions = ada.get(&upload_path(upload, "/versions")).await;
    let version = versions.expect(200).json()["items"][0]["versionId"].clone();
    let deleted = ada.delete(&upload_path(upload, ""), &json!(null)).await;
    meter.request("a stored upload", deleted.expect(204)).await;
    let body = json!({"versionId": version});
    let restored = ada.post(&upload_path(upload, "/restore"), &body).await;
    meter.request("any", restored.expect(200)).await;
    let pending = create(ada).await.json();
    let deleted = ada.delete(&upload_path(&pending, ""), &json!(null)).await;
    meter.request("a pending upload", deleted.expect(204)).await;
}

async fn locks(meter: &Meter, ada: &SignedIn<'_>, upload: &Value) {
    let until = json!({"until": hours_from_now(24).0});
    let locked = ada.put(&upload_path(upload, "/lock"), &until).await;
    meter.request("for a day", locked.expect(200)).await;
}

async fn schedules(meter: &Meter) {
    run_reconciler(meter).await;
    meter.event("Scheduled Event", "nothing is due").await;
    let repair = json!({"source": "cloakroom", "detail-type": "Repair", "detail": {}});
    deliver_event(meter, &repair).await.expect(200);
    meter.event("Repair", "one owner of 24 uploads").await;
}
