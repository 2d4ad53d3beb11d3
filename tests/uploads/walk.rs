//! Many users send random upload requests, valid and invalid ones. Afterwards S3 stores exactly the counted bytes of each
//! user.

use std::rc::Rc;

use proptest::test_runner::{RngAlgorithm, TestRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::{companion::submit, presigned, upload_path};
use crate::support::{Response, SignedIn, TestApp, eventually, run_concurrently};

const USERS: usize = 20;
/// The number of operations, unless the variable `CLOAKROOM_WALK` sets another one.
const OPERATIONS: usize = 200;
const QUOTA: usize = 400_000;

/// The uploads, forms and multipart uploads that a user has created.
#[derive(Default)]
struct History {
    uploads: Vec<Value>,
    forms: Vec<Value>,
    parts: Vec<(Value, Vec<Value>)>,
}

/// A source of random numbers.
struct Dice(TestRng);

impl Dice {
    /// Returns a number below `sides`.
    fn throw(&mut self, sides: usize) -> usize {
        use proptest::prelude::Rng as _;
        usize::try_from(self.0.next_u32()).unwrap() % sides
    }

    /// Returns a random element.
    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.throw(of.len().max(1));
        of.get(index)
    }
}

/// Sends one random request, and asserts that the response is not a 5xx.
async fn step(user: &SignedIn<'_>, history: &mut History, dice: &mut Dice) {
    let size = dice.throw(150_000);
    let response = match dice.throw(14) {
        0 | 1 => {
            let body = json!({"filename": "a.bin", "contentType": "text/plain", "size": size});
            let response = user.post("/uploads", &body).await;
            if response.status == 201 {
                history.uploads.push(response.json());
            }
            response
        }
        2..=4 => {
            let Some(upload) = dice.pick(&history.uploads) else {
                return;
            };
            let size = upload["upload"]["size"].as_u64().unwrap();
            let put = presigned(&upload["transfer"], Method::PUT);
            Response::to(put.body(vec![1; usize::try_from(size).unwrap()])).await
        }
        5 => {
            let Some(upload) = dice.pick(&history.uploads) else {
                return;
            };
            user.post(&upload_path(upload, "/complete"), &json!({}))
                .await
        }
        6 | 7 => {
            let Some(upload) = dice.pick(&history.uploads) else {
                return;
            };
            user.delete(&upload_path(upload, ""), &json!(null)).await
        }
        8 => {
            let Some(upload) = dice.pick(&history.uploads) else {
                return;
            };
            let versions = user
                .get(&upload_path(upload, "/versions"))
                .await
                .expect(200);
            let version = versions.json()["items"][0]["versionId"].clone();
            let version = version.as_str().unwrap_or("none").to_owned();
            let body = json!({"versionId": version});
            user.post(&upload_path(upload, "/restore"), &body).await
        }
        9 => {
            let response = user
                .get("/s3/params?filename=a.bin&type=text%2Fplain")
                .await;
            if response.status == 200 {
                history.forms.push(response.json());
            }
            response
        }
        10 | 11 => {
            let Some(form) = dice.pick(&history.forms) else {
                return;
            };
            submit(form, &vec![2; size / 2]).await
        }
        12 => {
            let body = json!({"filename": "film.mp4", "type": "video/mp4"});
            let response = user.post("/s3/multipart", &body).await;
            if response.status == 200 {
                history.parts.push((response.json(), Vec::new()));
            }
            response
        }
        _ => parts(user, history, dice, size).await,
    };
    assert!(response.status < 500, "{}: {response:?}", response.status);
}

/// Sends a part, completes a multipart upload or cancels it.
async fn parts(
    user: &SignedIn<'_>,
    history: &mut History,
    dice: &mut Dice,
    size: usize,
) -> Response {
    let index = dice.throw(history.parts.len().max(1));
    let Some((upload, sent)) = history.parts.get_mut(index) else {
        return user.get("/uploads/usage").await;
    };
    let (id, key) = (
        upload["uploadId"].as_str().unwrap().to_owned(),
        upload["key"].as_str().unwrap().to_owned(),
    );
    match dice.throw(5) {
        0 => {
            let path = format!("/s3/multipart/{id}/complete?key={key}");
            user.post(&path, &json!({"parts": sent})).await
        }
        1 => {
            Response::to(user.request(Method::DELETE, &format!("/s3/multipart/{id}?key={key}")))
                .await
        }
        _ => {
            let number = sent.len() + 1;
            let path = format!("/s3/multipart/{id}/{number}?key={key}");
            let signed = user.get(&path).await;
            if signed.status == 200 {
                let url = signed.json()["url"].as_str().unwrap().to_owned();
                let put = reqwest::Client::new().put(url).body(vec![3; size]);
                let put = Response::to(put).await;
                if let Some(etag) = put.header("etag") {
                    sent.push(json!({"PartNumber": number, "ETag": etag}));
                }
                return put;
            }
            signed
        }
    }
}

/// Cancels pending uploads, whose bytes are counted before S3 stores them.
async fn cancel_pending(user: &SignedIn<'_>) {
    let mut page = "/uploads?limit=100".to_owned();
    loop {
        let listed = user.get(&page).await.expect(200).json();
        for upload in listed["items"].as_array().unwrap() {
            if upload["status"] == "pending" {
                let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
                user.delete(&path, &json!(null)).await.expect(204);
            }
        }
        match listed["next"].as_str() {
            Some(next) => page = format!("/uploads?limit=100&cursor={next}"),
            None => return,
        }
    }
}

#[tokio::test]
async fn after_random_operations_s3_stores_the_counted_bytes() {
    let operations = std::env::var("CLOAKROOM_WALK");
    let operations = operations.map_or(OPERATIONS, |text| text.parse().unwrap());
    let quota = format!("UploadQuotaBytes={QUOTA}");
    let app = Rc::new(TestApp::start_with(&[
        &quota,
        "UploadRequestsPerUser=1000000",
    ]));
    let mut users = Vec::new();
    for number in 0..USERS {
        let user = app.new_user(&format!("user{number}@example.com")).await;
        users.push((user.token, user.id));
    }
    run_concurrently(
        users
            .clone()
            .into_iter()
            .enumerate()
            .map(|(number, (token, _))| {
                let app = Rc::clone(&app);
                async move {
                    let user = SignedIn::with_token(&app, token);
                    let seed = [u8::try_from(number).unwrap(); 32];
                    let mut dice = Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
                    let mut history = History::default();
                    for _ in 0..operations / USERS {
                        step(&user, &mut history, &mut dice).await;
                    }
                }
            }),
    )
    .await;
    for (token, id) in users {
        let owner = SignedIn::with_token(&app, token);
        let counted = async || {
            let usage = owner.get("/uploads/usage").await.expect(200).json();
            let number = |name: &str| usage[name].as_u64().unwrap();
            (number("used"), number("kept"))
        };
        cancel_pending(&owner).await;
        eventually(async || {
            let (used, kept) = counted().await;
            app.stored_bytes(&id).await == used + kept
        })
        .await;
        let (used, kept) = counted().await;
        assert!(
            used <= QUOTA as u64 && kept <= QUOTA as u64,
            "{used}, {kept}"
        );
    }
}
