//! The routes of the Uppy upload widget: with an access token, and with an upload grant in the path.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    meter::{Measured, Meter},
    without_events::start_uploads,
};
use crate::{
    support::{Response, SignedIn},
    uploads::submit,
};

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start_without_events("companion");
    let ada = start_uploads(&meter).await;
    let granted = ada.post("/s3/grants", &json!({})).await.expect(201);
    let granted = meter.request("any", granted).await.json();
    let endpoint = granted["companionEndpoint"].as_str().unwrap();
    let by_grant = endpoint.strip_prefix(meter.endpoint("api")).unwrap();
    let bases = [
        "/s3".to_owned(),
        by_grant.to_owned(),
        format!("{by_grant}/s3"),
    ];
    for base in bases {
        form(&meter, &ada, &base).await;
        parts(&meter, &ada, &base).await;
    }
    meter.finish()
}

async fn form(meter: &Meter, ada: &SignedIn<'_>, base: &str) {
    let path = format!("{base}/params?filename=a.txt&type=text%2Fplain");
    let form = meter.request("any", ada.get(&path).await.expect(200)).await;
    submit(&form.json(), b"hello").await.expect(201);
}

async fn parts(meter: &Meter, ada: &SignedIn<'_>, base: &str) {
    let started = begin(ada, base).await;
    let started = meter.request("any", started).await.json();
    let path = |rest: &str| path_of(base, &started, rest);
    let signed = ada.get(&path("/1")).await.expect(200);
    let signed = meter.request("one part", signed).await.json();
    let put = reqwest::Client::new().put(signed["url"].as_str().unwrap());
    let sent = Response::to(put.body("hello")).await.expect(200);
    let listed = ada.get(&path("")).await.expect(200);
    meter.request("one part", listed).await;
    let parts = json!({"parts": [{"PartNumber": 1, "ETag": sent.header("etag").unwrap()}]});
    let joined = ada.post(&path("/complete"), &parts).await.expect(200);
    meter.request("one part", joined).await;
    let started = begin(ada, base).await.json();
    let path = path_of(base, &started, "");
    let aborted = Response::to(ada.request(Method::DELETE, &path)).await;
    meter.request("any", aborted).await;
}

async fn begin(ada: &SignedIn<'_>, base: &str) -> Response {
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    ada.post(&format!("{base}/multipart"), &body)
        .await
        .expect(200)
}

fn path_of(base: &str, started: &Value, rest: &str) -> String {
    let id = started["uploadId"].as_str().unwrap();
    let key = started["key"].as_str().unwrap();
    format!("{base}/multipart/{id}{rest}?key={key}")
}
