use reqwest::Method;
use serde_json::{Value, json};

use super::{MIB, announce, download, path, presigned, status};
use crate::support::{Response, SignedIn, TestApp};

/// Just over what goes in one piece: 13 parts of 8 MiB, the last of 4 MiB and 1 byte.
const SIZE: usize = 100 * MIB + 1;

fn part(number: usize) -> Vec<u8> {
    let size = if number == 13 { 4 * MIB + 1 } else { 8 * MIB };
    vec![u8::try_from(number).unwrap(); size]
}

async fn sign(owner: &SignedIn<'_>, upload: &Value, numbers: &[usize]) -> Vec<Value> {
    let body = json!({"partNumbers": numbers});
    let signed = owner
        .post(&path(upload, "/parts"), &body)
        .await
        .expect(200)
        .json();
    signed["parts"].as_array().unwrap().clone()
}

async fn send(signed: &Value) -> Value {
    let number = signed["partNumber"].as_u64().unwrap();
    let bytes = part(usize::try_from(number).unwrap());
    let sent = Response::to(presigned(signed, Method::PUT).body(bytes))
        .await
        .expect(200);
    json!({"partNumber": number, "etag": sent.header("etag").unwrap()})
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_goes_on_after_an_interruption() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let announced = announce(&ada, "film.mp4", SIZE).await;
    let transfer = &announced["transfer"];
    assert_eq!(transfer["method"], "MULTIPART");
    assert_eq!(
        (&transfer["partSize"], &transfer["partCount"]),
        (&json!(8 * MIB), &json!(13))
    );
    let mut parts = Vec::new();
    for signed in sign(&ada, &announced, &[1, 2, 13]).await {
        parts.push(send(&signed).await);
    }

    // Somebody closes the page, and comes back.
    let first = ada
        .get(&path(&announced, "/parts?limit=2"))
        .await
        .expect(200)
        .json();
    let next = first["next"].as_str().unwrap();
    let rest = ada
        .get(&path(&announced, &format!("/parts?limit=2&cursor={next}")))
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
        .post(&path(&announced, "/complete"), &json!({"parts": parts}))
        .await
        .expect(409);
    assert_eq!(early.problem(), "size_mismatch");
    for signed in sign(&ada, &announced, &(3..=12).collect::<Vec<_>>()).await {
        parts.push(send(&signed).await);
    }
    let unknown = |parts: &[Value]| {
        let mut parts = parts.to_vec();
        parts[4]["etag"] = json!("\"00000000000000000000000000000000\"");
        json!({"parts": parts})
    };
    let wrong = ada
        .post(&path(&announced, "/complete"), &unknown(&parts))
        .await
        .expect(409);
    assert_eq!(wrong.problem(), "upload_incomplete");
    assert_eq!(status(&ada, &announced).await, "pending");

    let body = json!({"parts": parts});
    let done = ada
        .post(&path(&announced, "/complete"), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(done["upload"]["status"], "stored");
    let again = ada
        .post(&path(&announced, "/complete"), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(again, done);
    let file = download(&ada, &announced).await.expect(200);
    assert_eq!(file.body.len(), SIZE);
    let whole: Vec<_> = (1..=13).flat_map(part).collect();
    assert!(file.body == whole, "other bytes came back");

    let late = ada
        .post(&path(&announced, "/parts"), &json!({"partNumbers": [1]}))
        .await
        .expect(409);
    assert_eq!(late.problem(), "upload_not_pending");
}

#[tokio::test]
async fn parts_that_are_none_are_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let announced = announce(&ada, "film.mp4", SIZE).await;
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
            .post(&path(&announced, "/parts"), &body)
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
            .post(&path(&announced, "/complete"), &body)
            .await
            .expect(422)
            .json();
        assert_eq!(refused["errors"][0]["code"], code, "{body}");
    }
    let none = ada
        .post(&path(&announced, "/complete"), &json!({}))
        .await
        .expect(422);
    assert_eq!(none.problem(), "parts_required");
    let foreign = json!({"parts": [{"partNumber": 1, "etag": etag}]});
    let foreign = ada
        .post(&path(&announced, "/complete"), &foreign)
        .await
        .expect(409);
    assert_eq!(foreign.problem(), "upload_incomplete");

    let single = announce(&ada, "a.txt", 5).await;
    let signed = ada
        .post(&path(&single, "/parts"), &json!({"partNumbers": [1]}))
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
async fn a_part_of_another_length_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let announced = announce(&ada, "film.mp4", SIZE).await;
    let signed = sign(&ada, &announced, &[1]).await;
    let short = Response::to(presigned(&signed[0], Method::PUT).body(vec![0; MIB])).await;
    assert!((400..500).contains(&short.status), "{}", short.status);
    let listed = ada
        .get(&path(&announced, "/parts"))
        .await
        .expect(200)
        .json();
    assert_eq!(listed["items"], json!([]));
}
