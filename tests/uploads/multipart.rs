//! Multipart uploads with the project's own client.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MIB, create_upload, download, presigned, upload_path, upload_status};
use crate::support::{Response, SignedIn, TestApp};

/// Just above the limit of a single PUT: 13 parts, 12 of 8 MiB and the last of 4 MiB and 1 byte.
const SIZE: usize = 100 * MIB + 1;

/// The bytes of a part.
fn part_bytes(number: usize) -> Vec<u8> {
    let size = if number == 13 { 4 * MIB + 1 } else { 8 * MIB };
    vec![u8::try_from(number).unwrap(); size]
}

/// Gets presigned requests for parts.
async fn sign_parts(owner: &SignedIn<'_>, upload: &Value, numbers: &[usize]) -> Vec<Value> {
    let body = json!({"partNumbers": numbers});
    let signed = owner
        .post(&upload_path(upload, "/parts"), &body)
        .await
        .expect(200)
        .json();
    signed["parts"].as_array().unwrap().clone()
}

/// Sends a part, and returns its entry for the completion.
async fn send_part(signed: &Value) -> Value {
    let number = signed["partNumber"].as_u64().unwrap();
    let bytes = part_bytes(usize::try_from(number).unwrap());
    let sent = Response::to(presigned(signed, Method::PUT).body(bytes))
        .await
        .expect(200);
    json!({"partNumber": number, "etag": sent.header("etag").unwrap()})
}

#[tokio::test]
async fn a_multipart_upload_can_be_resumed_after_an_interruption() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "film.mp4", SIZE).await;
    let transfer = &created["transfer"];
    assert_eq!(transfer["method"], "MULTIPART");
    assert_eq!(
        (&transfer["partSize"], &transfer["partCount"]),
        (&json!(8 * MIB), &json!(13))
    );
    let mut parts = Vec::new();
    for signed in sign_parts(&ada, &created, &[1, 2, 13]).await {
        parts.push(send_part(&signed).await);
    }

    // The page is closed and opened again.
    let first = ada
        .get(&upload_path(&created, "/parts?limit=2"))
        .await
        .expect(200)
        .json();
    let next = first["next"].as_str().unwrap();
    let rest = ada
        .get(&upload_path(
            &created,
            &format!("/parts?limit=2&cursor={next}"),
        ))
        .await
        .expect(200)
        .json();
    assert_eq!(rest["next"], json!(null));
    let received: Vec<_> = [&first, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .collect();
    let numbers: Vec<_> = received
        .iter()
        .map(|part| part["partNumber"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 13]);
    assert_eq!(received[2]["size"], 4 * MIB + 1);
    assert_eq!(received[0]["etag"], parts[0]["etag"]);

    let early = ada
        .post(
            &upload_path(&created, "/complete"),
            &json!({"parts": parts}),
        )
        .await
        .expect(409);
    assert_eq!(early.problem(), "size_mismatch");
    for signed in sign_parts(&ada, &created, &(3..=12).collect::<Vec<_>>()).await {
        parts.push(send_part(&signed).await);
    }
    let unknown = |parts: &[Value]| {
        let mut parts = parts.to_vec();
        parts[4]["etag"] = json!("\"00000000000000000000000000000000\"");
        json!({"parts": parts})
    };
    let wrong = ada
        .post(&upload_path(&created, "/complete"), &unknown(&parts))
        .await
        .expect(409);
    assert_eq!(wrong.problem(), "upload_incomplete");
    assert_eq!(upload_status(&ada, &created).await, "pending");

    let body = json!({"parts": parts});
    let done = ada
        .post(&upload_path(&created, "/complete"), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(done["upload"]["status"], "stored");
    let again = ada
        .post(&upload_path(&created, "/complete"), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(again, done);
    let file = download(&ada, &created).await.expect(200);
    assert_eq!(file.body.len(), SIZE);
    let whole: Vec<_> = (1..=13).flat_map(part_bytes).collect();
    assert!(file.body == whole, "the downloaded bytes differ");

    let late = ada
        .post(
            &upload_path(&created, "/parts"),
            &json!({"partNumbers": [1]}),
        )
        .await
        .expect(409);
    assert_eq!(late.problem(), "upload_not_pending");
}

#[tokio::test]
async fn invalid_parts_are_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "film.mp4", SIZE).await;
    let many: Vec<_> = (1..=101).map(|_| 1).collect();
    for (numbers, code) in [
        (json!([0]), "invalid_part_number"),
        (json!([14]), "invalid_part_number"),
        (json!([10_001]), "invalid_part_number"),
        (json!([-1]), "wrong_type"),
        (json!(["1"]), "wrong_type"),
        (json!([]), "empty"),
        (json!(many), "too_long"),
        (json!(1), "wrong_type"),
    ] {
        let body = json!({"partNumbers": numbers});
        let refused = ada
            .post(&upload_path(&created, "/parts"), &body)
            .await
            .expect(422)
            .json();
        assert_eq!(refused["errors"][0]["code"], code, "{body}");
    }
    let etag = "\"00000000000000000000000000000000\"";
    for (parts, code) in [
        (json!([{"partNumber": 1}]), "required"),
        (json!([{"partNumber": 1, "etag": "<x>"}]), "invalid_etag"),
        (
            json!([{"partNumber": 10_001, "etag": etag}]),
            "invalid_part_number",
        ),
        (
            json!([{"partNumber": 1, "etag": etag}, {"partNumber": 1, "etag": etag}]),
            "duplicate_part",
        ),
        (json!([]), "empty"),
    ] {
        let body = json!({"parts": parts});
        let refused = ada
            .post(&upload_path(&created, "/complete"), &body)
            .await
            .expect(422)
            .json();
        assert_eq!(refused["errors"][0]["code"], code, "{body}");
    }
    let none = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(422);
    assert_eq!(none.problem(), "parts_required");
    let foreign = json!({"parts": [{"partNumber": 1, "etag": etag}]});
    let foreign = ada
        .post(&upload_path(&created, "/complete"), &foreign)
        .await
        .expect(409);
    assert_eq!(foreign.problem(), "upload_incomplete");

    let single = create_upload(&ada, "a.txt", 5).await;
    let signed = ada
        .post(
            &upload_path(&single, "/parts"),
            &json!({"partNumbers": [1]}),
        )
        .await
        .expect(409);
    assert_eq!(signed.problem(), "upload_not_multipart");
    let digest = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    let body =
        json!({"filename": "a", "contentType": "text/plain", "size": SIZE, "sha256": digest});
    let refused = ada.post("/uploads", &body).await.expect(422).json();
    assert_eq!(refused["errors"][0]["code"], "sha256_not_supported");
}

#[tokio::test]
async fn a_part_with_the_wrong_length_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "film.mp4", SIZE).await;
    let signed = sign_parts(&ada, &created, &[1]).await;
    let short = Response::to(presigned(&signed[0], Method::PUT).body(vec![0; MIB])).await;
    assert!((400..500).contains(&short.status), "{}", short.status);
    let listed = ada
        .get(&upload_path(&created, "/parts"))
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"], json!([]));
}
