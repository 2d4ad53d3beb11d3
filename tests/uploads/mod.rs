//! `/uploads`: what browsers do, with S3's own answers.

mod companion;
mod deletion;
mod events;
mod grants;
mod listing;
mod lock;
mod multipart;
mod quota;
mod repair;
mod single;
mod storage;
mod versions;
mod walk;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Response, SignedIn};

const MIB: usize = 1024 * 1024;

/// Announces a file.
async fn announce(owner: &SignedIn<'_>, filename: &str, size: usize) -> Value {
    let body = json!({"filename": filename, "contentType": "text/plain", "size": size});
    owner.post("/uploads", &body).await.expect(201).json()
}

/// The presigned request of a transfer, or of a part.
fn presigned(signed: &Value, method: Method) -> RequestBuilder {
    let headers = signed["headers"].as_object().unwrap().iter();
    headers.fold(
        reqwest::Client::new().request(method, signed["url"].as_str().unwrap()),
        // A client sends these two itself.
        |request, (name, value)| match name.as_str() {
            "host" | "content-length" => request,
            _ => request.header(name, value.as_str().unwrap()),
        },
    )
}

/// Sends what was announced to S3.
async fn send(announced: &Value, bytes: impl Into<Vec<u8>>) -> Response {
    Response::to(presigned(&announced["transfer"], Method::PUT).body(bytes.into())).await
}

pub fn path(announced: &Value, rest: &str) -> String {
    format!(
        "/uploads/{}{rest}",
        announced["upload"]["id"].as_str().unwrap()
    )
}

/// Announces a file, sends it, and says so.
pub async fn store(owner: &SignedIn<'_>, filename: &str, bytes: &[u8]) -> Value {
    let announced = announce(owner, filename, bytes.len()).await;
    send(&announced, bytes).await.expect(200);
    let completed = owner.post(&path(&announced, "/complete"), &json!({})).await;
    completed.expect(200).json()
}

/// The bytes that an upload's owner gets.
async fn download(owner: &SignedIn<'_>, upload: &Value) -> Response {
    let shown = owner.get(&path(upload, "")).await.expect(200).json();
    let url = shown["download"]["url"].as_str().expect("it is stored");
    Response::to(reqwest::Client::new().get(url)).await
}

/// The status of an upload.
async fn status(owner: &SignedIn<'_>, upload: &Value) -> Value {
    owner.get(&path(upload, "")).await.expect(200).json()["upload"]["status"].clone()
}
