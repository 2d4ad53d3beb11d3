//! Sharing by address, and the list of shared uploads.

use serde_json::{Value, json};

use super::{
    meter::{Measured, Meter},
    uploads::{create, send},
};
use crate::{
    support::{SignedIn, WITH_MAIL},
    uploads::upload_path,
};

const GRACE: &str = "grace@example.com";

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("sharing", &[WITH_MAIL]);
    let ada = meter.new_user("ada@example.com").await;
    let grace = meter.new_user(GRACE).await;
    let key = json!({"email": {"S": GRACE}});
    let now = json!({":now": {"S": "2026-01-01T00:00:00Z"}});
    meter
        .update_item("Credentials", &key, "SET verified_at = :now", &now)
        .await;
    // The first request starts an instance of the function.
    ada.get("/uploads/usage").await.expect(200);
    let upload = stored(&ada).await;
    by_address(&meter, &ada, &grace, &upload).await;
    list(&meter, &ada, &grace).await;
    meter.finish()
}

async fn stored(ada: &SignedIn<'_>) -> Value {
    let created = create(ada).await.json();
    send(&created).await;
    let completed = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    completed.expect(200).json()
}

async fn by_address(meter: &Meter, ada: &SignedIn<'_>, grace: &SignedIn<'_>, upload: &Value) {
    let (path, body) = (upload_path(upload, "/grants"), json!({ "email": GRACE }));
    let granted = ada.put(&path, &body).await.expect(204);
    meter.request("any", granted).await;
    let shown = grace.get(&upload_path(upload, "")).await.expect(200);
    meter.request("by a read grant to the address", shown).await;
    let revoked = ada.delete(&path, &body).await.expect(204);
    meter.request("any", revoked).await;
    let refused = grace.get(&upload_path(upload, "")).await.expect(404);
    meter.request("without a read grant", refused).await;
}

async fn list(meter: &Meter, ada: &SignedIn<'_>, grace: &SignedIn<'_>) {
    // One row more shows whether there is a next page. Half are shared by id, half by address.
    for number in 0..21 {
        let upload = stored(ada).await;
        let (rest, body) = match number % 2 {
            0 => (format!("/grants/{}", grace.id), json!(null)),
            _ => ("/grants".to_owned(), json!({ "email": GRACE })),
        };
        let granted = ada.put(&upload_path(&upload, &rest), &body).await;
        granted.expect(204);
    }
    let listed = grace.get("/uploads?shared=with-me&limit=20").await;
    let listed = meter.request("20 shared uploads", listed.expect(200)).await;
    let listed = listed.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 20);
    assert!(listed["next"].is_string());
}
