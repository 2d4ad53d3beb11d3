//! A random walk of many users through everything that can be done to uploads, wanted or not; afterwards S3 holds of each
//! user exactly what is counted.

use std::rc::Rc;

use proptest::test_runner::{RngAlgorithm, TestRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::{companion::submit, path, presigned};
use crate::support::{Response, SignedIn, TestApp, eventually, run_concurrently};

const USERS: usize = 20;
/// `CLOAKROOM_WALK` sets another number of operations.
const OPERATIONS: usize = 2_000;
const QUOTA: usize = 400_000;

/// What one user has begun, and remembers.
#[derive(Default)]
struct Begun {
    uploads: Vec<Value>,
    forms: Vec<Value>,
    parts: Vec<(Value, Vec<Value>)>,
}

struct Dice(TestRng);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        use proptest::prelude::Rng as _;
        usize::try_from(self.0.next_u32()).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let index = self.throw(of.len().max(1));
        of.get(index)
    }
}

/// One operation. Whatever is asked for, no answer is a mistake of the server's.
async fn step(user: &SignedIn<'_>, begun: &mut Begun, dice: &mut Dice) {
    let size = dice.throw(150_000);
    let answer = match dice.throw(14) {
        0 | 1 => {
            let body = json!({"filename": "a.bin", "contentType": "text/plain", "size": size});
            let answer = user.post("/uploads", &body).await;
            if answer.status == 201 {
                begun.uploads.push(answer.json());
            }
            answer
        }
        2..=4 => {
            let Some(upload) = dice.pick(&begun.uploads) else {
                return;
            };
            let size = upload["upload"]["size"].as_u64().unwrap();
            let put = presigned(&upload["transfer"], Method::PUT);
            Response::to(put.body(vec![1; usize::try_from(size).unwrap()])).await
        }
        5 => {
            let Some(upload) = dice.pick(&begun.uploads) else {
                return;
            };
            user.post(&path(upload, "/complete"), &json!({})).await
        }
        6 | 7 => {
            let Some(upload) = dice.pick(&begun.uploads) else {
                return;
            };
            user.delete(&path(upload, ""), &json!(null)).await
        }
        8 => {
            let Some(upload) = dice.pick(&begun.uploads) else {
                return;
            };
            let versions = user.get(&path(upload, "/versions")).await.expect(200);
            let version = versions.json()["items"][0]["versionId"].clone();
            let version = version.as_str().unwrap_or("none").to_owned();
            let body = json!({"versionId": version});
            user.post(&path(upload, "/restore"), &body).await
        }
        9 => {
            let answer = user
                .get("/s3/params?filename=a.bin&type=text%2Fplain")
                .await;
            if answer.status == 200 {
                begun.forms.push(answer.json());
            }
            answer
        }
        10 | 11 => {
            let Some(form) = dice.pick(&begun.forms) else {
                return;
            };
            submit(form, &vec![2; size / 2]).await
        }
        12 => {
            let body = json!({"filename": "film.mp4", "type": "video/mp4"});
            let answer = user.post("/s3/multipart", &body).await;
            if answer.status == 200 {
                begun.parts.push((answer.json(), Vec::new()));
            }
            answer
        }
        _ => parts(user, begun, dice, size).await,
    };
    assert!(answer.status < 500, "{}: {answer:?}", answer.status);
}

/// Signs and sends a part, puts the parts together, or gives them up.
async fn parts(user: &SignedIn<'_>, begun: &mut Begun, dice: &mut Dice, size: usize) -> Response {
    let index = dice.throw(begun.parts.len().max(1));
    let Some((upload, sent)) = begun.parts.get_mut(index) else {
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

/// Pending uploads are charged before S3 has their bytes.
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
async fn after_a_random_walk_s3_holds_what_is_counted() {
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
                    let mut begun = Begun::default();
                    for _ in 0..operations / USERS {
                        step(&user, &mut begun, &mut dice).await;
                    }
                }
            }),
    )
    .await;
    for (token, id) in users {
        let person = SignedIn::with_token(&app, token);
        let counted = async || {
            let usage = person.get("/uploads/usage").await.expect(200).json();
            let number = |name: &str| usage[name].as_u64().unwrap();
            (number("used"), number("kept"))
        };
        cancel_pending(&person).await;
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
