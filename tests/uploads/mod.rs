//! `/uploads`, with requests to S3 as a browser sends them.

mod companion;
mod deletion;
mod events;
mod grants;
mod listing;
mod lock;
mod multipart;
mod quota;
mod repair;
mod shared;
mod sharing;
mod single;
mod storage;
mod thumbnails;
mod versions;
mod walk;

pub use self::{
    companion::submit,
    events::{deliver_event, make_due, object_created_event, run_reconciler, update_item},
    repair::run_repair,
    sharing::{share, verify},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Response, SignedIn};

pub const MIB: usize = 1024 * 1024;

/// Creates an upload, and returns the response body with `upload` and `transfer`.
pub async fn create_upload(owner: &SignedIn<'_>, filename: &str, size: usize) -> Value {
    let body = json!({"filename": filename, "contentType": "text/plain", "size": size});
    owner.post("/uploads", &body).await.expect(201).json()
}

/// Builds the presigned request of a transfer or of a part.
pub fn presigned(signed: &Value, method: Method) -> RequestBuilder {
    let headers = signed["headers"].as_object().unwrap().iter();
    headers.fold(
        reqwest::Client::new().request(method, signed["url"].as_str().unwrap()),
        // The HTTP client adds these two itself.
        |request, (name, value)| match name.as_str() {
            "host" | "content-length" => request,
            _ => request.header(name, value.as_str().unwrap()),
        },
    )
}

/// Sends the bytes of an upload to S3.
async fn send_file(created: &Value, bytes: impl Into<Vec<u8>>) -> Response {
    Response::to(presigned(&created["transfer"], Method::PUT).body(bytes.into())).await
}

/// Returns `/uploads/{id}` followed by `rest`.
pub fn upload_path(created: &Value, rest: &str) -> String {
    format!(
        "/uploads/{}{rest}",
        created["upload"]["id"].as_str().unwrap()
    )
}

/// Creates an upload, sends its bytes and completes it.
pub async fn store_file(owner: &SignedIn<'_>, filename: &str, bytes: &[u8]) -> Value {
    let created = create_upload(owner, filename, bytes.len()).await;
    send_file(&created, bytes).await.expect(200);
    let completed = owner
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    completed.expect(200).json()
}

/// Downloads an upload by its presigned URL.
async fn download(owner: &SignedIn<'_>, upload: &Value) -> Response {
    let shown = owner.get(&upload_path(upload, "")).await.expect(200).json();
    let url = shown["download"]["url"]
        .as_str()
        .expect("a stored upload has a URL");
    Response::to(reqwest::Client::new().get(url)).await
}

/// Returns the status of an upload.
async fn upload_status(owner: &SignedIn<'_>, upload: &Value) -> Value {
    owner.get(&upload_path(upload, "")).await.expect(200).json()["upload"]["status"].clone()
}
