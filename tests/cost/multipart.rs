//! An upload in parts with the project's own client.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    meter::{Measured, Meter},
    uploads::CREATED,
    without_events::{deliver_created, start_uploads},
};
use crate::{
    support::{Response, SignedIn},
    uploads::{MIB, presigned, upload_path},
};

/// Just above the limit of a single PUT: 12 parts of 8 MiB, and one of 4 MiB and 1 byte.
const SIZE: usize = 100 * MIB + 1;
pub const PARTS: usize = 13;

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start_without_events("multipart");
    let ada = start_uploads(&meter).await;
    let created = create(&ada).await;
    let created = meter.request("13 parts", created).await.json();
    let numbers: Vec<_> = (1..=PARTS).collect();
    let path = upload_path(&created, "/parts");
    let signed = ada.post(&path, &json!({"partNumbers": numbers})).await;
    let signed = meter.request("13 parts", signed.expect(200)).await.json();
    let parts = send(&signed).await;
    let listed = ada.get(&path).await.expect(200);
    meter.request("13 parts", listed).await;
    let body = json!({"parts": parts});
    let completed = ada.post(&upload_path(&created, "/complete"), &body).await;
    meter.request("13 parts", completed.expect(200)).await;
    deliver_created(&meter, &ada.object_key(&created)).await;
    meter.event(CREATED, "of 13 parts, completed").await;
    let pending = create(&ada).await.json();
    let deleted = ada.delete(&upload_path(&pending, ""), &json!(null)).await;
    meter
        .request("a pending upload of parts", deleted.expect(204))
        .await;
    meter.finish()
}

async fn create(ada: &SignedIn<'_>) -> Response {
    let body = json!({"filename": "film.mp4", "contentType": "video/mp4", "size": SIZE});
    ada.post("/uploads", &body).await.expect(201)
}

/// Sends all parts to S3, and returns their entries for the completion.
async fn send(signed: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    for part in signed["parts"].as_array().unwrap() {
        let number = part["partNumber"].as_u64().unwrap();
        let is_last = number == PARTS as u64;
        let size = if is_last { 4 * MIB + 1 } else { 8 * MIB };
        let put = presigned(part, Method::PUT).body(vec![b'x'; size]);
        let sent = Response::to(put).await.expect(200);
        let etag = sent.header("etag").unwrap();
        parts.push(json!({"partNumber": number, "etag": etag}));
    }
    parts
}
