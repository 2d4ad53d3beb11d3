use base64::{Engine, prelude::BASE64_STANDARD};
use clock::Clock;
use local::{OPERATOR_KEY, function_key};
use reqwest::{Method, Response};
use ring::hmac;
use serde_json::{Value, json};
use time::{
    Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description,
};

use super::{DOOR, FILES};
use crate::support::TestSystem;

/// A POST form with its policy.
struct Form {
    key: String,
    now: OffsetDateTime,
    expires: OffsetDateTime,
    conditions: Vec<Value>,
    fields: Vec<(String, String)>,
    file: String,
}

impl Form {
    /// Creates a valid form.
    fn new(key: &str) -> Self {
        let now = Clock::system().now();
        Self {
            key: key.to_owned(),
            now,
            expires: now + Duration::MINUTE,
            conditions: vec![
                json!({"bucket": DOOR}),
                json!(["eq", "$key", "mine/a"]),
                json!(["starts-with", "$Content-Type", "text/"]),
                json!(["content-length-range", 1, 5]),
            ],
            fields: [("key", "mine/a"), ("Content-Type", "text/plain")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            file: "hello".to_owned(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    async fn send(mut self, system: &TestSystem) -> Response {
        let date = format_description!("[year][month][day]");
        let time = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = self.now.format(date).unwrap();
        let credential = format!("{}/{date}/us-east-1/s3/aws4_request", self.key);
        for (name, value) in [
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", &credential),
            ("x-amz-date", &self.now.format(time).unwrap()),
        ] {
            self.conditions.push(json!({ name: value }));
            self.fields.push((name.to_owned(), value.to_owned()));
        }
        let policy = json!({
            "expiration": self.expires.format(&Rfc3339).unwrap(),
            "conditions": self.conditions,
        });
        let policy = BASE64_STANDARD.encode(policy.to_string());
        let mut key = format!("AWS4{}", system.secret_of(&self.key)).into_bytes();
        for text in [date.as_str(), "us-east-1", "s3", "aws4_request"] {
            key = sign(&key, text);
        }
        let signature: Vec<_> = sign(&key, &policy)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.fields.push(("policy".to_owned(), policy));
        self.fields
            .push(("x-amz-signature".to_owned(), signature.concat()));
        let parts = self.fields.iter().map(|(name, value)| {
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let file = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n{}\r\n--edge--\r\n",
            self.file
        );
        let body = parts.chain([file]).collect::<Vec<_>>().concat();
        system
            .s3_request(Method::POST, &format!("/{DOOR}/"))
            .header("content-type", "multipart/form-data; boundary=edge")
            .body(body)
            .send()
            .await
            .unwrap()
    }
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

async fn is_stored(system: &TestSystem) -> bool {
    let head = system
        .s3(OPERATOR_KEY)
        .head_object()
        .bucket(FILES)
        .key("mine/a");
    head.send().await.is_ok()
}

#[tokio::test]
async fn a_form_stores_its_file() {
    let system = TestSystem::start().await;
    let stored = Form::new(&function_key("EchoFunction")).send(&system).await;
    assert_eq!(stored.status(), 204, "{}", stored.text().await.unwrap());
    assert_eq!(
        stored.headers()["etag"],
        "\"5d41402abc4b2a76b9719d911017c592\""
    );
    let location = stored.headers()["location"].to_str().unwrap();
    assert!(location.ends_with("/mine%2Fa"), "{location}");
    let got = system
        .s3(OPERATOR_KEY)
        .get_object()
        .bucket(FILES)
        .key("mine/a");
    let got = got.send().await.unwrap();
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
}

#[tokio::test]
async fn a_form_determines_its_response() {
    let system = TestSystem::start().await;
    let form = |name: &str, value: &str| {
        let mut form = Form::new(OPERATOR_KEY).with(name, value);
        form.conditions.push(json!({ name: value }));
        form
    };
    let created = form("success_action_status", "201").send(&system).await;
    assert_eq!(created.status(), 201);
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    let body = created.text().await.unwrap();
    assert!(
        body.contains(&format!("<Location>{location}</Location>")),
        "{body}"
    );
    let url = format!("{}/thanks", system.system().endpoints().s3);
    let redirected = form("success_action_redirect", &url).send(&system).await;
    // The client has followed the redirect.
    assert_eq!(redirected.url().path(), "/thanks");
    assert!(redirected.url().query().unwrap().contains("key="));
}

#[tokio::test]
async fn a_form_that_violates_its_policy_is_refused() {
    let system = TestSystem::start().await;
    let form = || Form::new(OPERATOR_KEY);
    let sized = |file: &str| Form {
        file: file.to_owned(),
        ..form()
    };
    let ended = Form {
        expires: Clock::system().now() - Duration::SECOND,
        ..form()
    };
    let stranger = Form::new("stranger");
    let mut other_bucket = form();
    other_bucket.conditions[0] = json!({"bucket": "other"});
    let mut elsewhere = Form::new(&function_key("EchoFunction")).with("key", "others/a");
    elsewhere.conditions[1] = json!(["eq", "$key", "others/a"]);
    for (what, form, status, code) in [
        ("key", form().with("key", "mine/b"), 403, "AccessDenied"),
        (
            "type",
            form().with("Content-Type", "image/png"),
            403,
            "AccessDenied",
        ),
        (
            "field",
            form().with("x-amz-meta-color", "red"),
            403,
            "AccessDenied",
        ),
        ("bucket", other_bucket, 403, "AccessDenied"),
        ("size", sized("hello!"), 400, "EntityTooLarge"),
        ("nothing", sized(""), 400, "EntityTooSmall"),
        ("end", ended, 403, "AccessDenied"),
        ("stranger", stranger, 403, "InvalidAccessKeyId"),
        ("right", elsewhere, 403, "AccessDenied"),
    ] {
        let refused = form.send(&system).await;
        let actual = refused.status();
        let error = refused.text().await.unwrap();
        assert_eq!(actual, status, "{what}: {error}");
        assert!(
            error.contains(&format!("<Code>{code}</Code>")),
            "{what}: {error}"
        );
    }
    assert!(!is_stored(&system).await);
}

/// The form of Cloakroom: on AWS, the bucket behind an access point has another name.
#[tokio::test]
async fn a_form_can_allow_every_bucket() {
    let system = TestSystem::start().await;
    let mut form = Form::new(&function_key("EchoFunction"));
    form.conditions[0] = json!(["starts-with", "$bucket", ""]);
    let stored = form.send(&system).await;
    assert_eq!(stored.status(), 204, "{}", stored.text().await.unwrap());
    assert!(is_stored(&system).await);
}

#[tokio::test]
async fn a_form_without_a_signature_is_anonymous() {
    let system = TestSystem::start().await;
    let body = "--edge\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nmine/a\r\n\
                --edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\
                Content-Type: text/plain\r\n\r\nhello\r\n--edge--\r\n";
    let refused = system
        .s3_request(Method::POST, &format!("/{DOOR}/"))
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body);
    assert_eq!(refused.send().await.unwrap().status(), 403);
    assert!(!is_stored(&system).await);
}
