//! Malformed, mistyped and oversized bodies, sent to every operation with a body.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, SignedIn, TestApp,
    routes::{Credential, Operation, operations_with_body},
};

/// A caller who is permitted to use every operation: an administrator with an upload grant.
struct Caller<'a> {
    app: &'a TestApp,
    user: SignedIn<'a>,
    grant: String,
}

impl<'a> Caller<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let user = app.admin("ada@example.com").await;
        let grant = user.post("/s3/grants", &json!({})).await.expect(201);
        let endpoint = grant.json()["companionEndpoint"].clone();
        let (_, grant) = endpoint.as_str().unwrap().rsplit_once('/').unwrap();
        let grant = grant.to_owned();
        Self { app, user, grant }
    }

    /// Builds a request with the caller's credential and a valid body.
    fn request(&self, operation: &Operation) -> RequestBuilder {
        let request = operation.request(self.app, &self.grant);
        match operation.credential() {
            Credential::AccessToken => request.bearer_auth(&self.user.token),
            Credential::AccessTokenIfAsked => {
                // Without the query parameter, the operation reads its body instead of an access token.
                let path = operation.path_with(|_, _| "x".to_owned());
                self.app.request(operation.method.clone(), &path)
            }
            Credential::UploadGrant | Credential::None => request,
        }
    }

    async fn send(&self, operation: &Operation, body: impl Into<Vec<u8>>) -> Response {
        self.send_as(operation, Some("application/json"), body)
            .await
    }

    async fn send_as(
        &self,
        operation: &Operation,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> Response {
        let mut request = self.request(operation).build().unwrap();
        request.headers_mut().remove("content-type");
        request.headers_mut().remove("content-length");
        if let Some(content_type) = content_type {
            let headers = request.headers_mut();
            headers.insert("content-type", content_type.parse().unwrap());
        }
        *request.body_mut() = Some(body.into().into());
        Response::to(RequestBuilder::from_parts(reqwest::Client::new(), request)).await
    }
}

/// The other tests change these examples, so the examples must be valid.
#[tokio::test]
async fn every_example_body_is_accepted() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let caller = Caller::new(&app).await;
    for operation in operations_with_body() {
        for body in operation.examples() {
            let response = caller.send(&operation, body.to_string()).await;
            let is_invalid = match response.status {
                400 | 413 | 415 => true,
                422 => response.problem() == "validation_failed",
                _ => false,
            };
            assert!(!is_invalid, "{operation}: {response:?}");
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_bodies_that_are_not_json() {
    let app = TestApp::start();
    let caller = Caller::new(&app).await;
    let deep_arrays = "[".repeat(60_000);
    let deep_objects = "{\"a\":".repeat(10_000);
    for operation in operations_with_body() {
        for body in [
            "",
            "{",
            "nonsense",
            "{'a': 1}",
            "{\"a\": NaN}",
            "{} {}",
            &deep_arrays,
            &deep_objects,
        ] {
            let response = caller.send(&operation, body).await;
            assert_eq!(response.status, 400, "{operation} {body:.20}");
            assert_eq!(
                response.problem(),
                "malformed_json",
                "{operation} {body:.20}"
            );
        }
        let not_utf8 = b"{\"a\": \"\xff\xfe\"}".as_slice();
        let response = caller.send(&operation, not_utf8).await.expect(400);
        assert_eq!(response.problem(), "malformed_json", "{operation}");
        let valid = operation.examples()[0].to_string();
        let duplicate = valid.replacen('{', "{\"password\": 1, \"password\": 2, ", 1);
        let response = caller.send(&operation, duplicate).await.expect(400);
        assert_eq!(response.problem(), "duplicate_field", "{operation}");
        for content_type in [
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data"),
            Some("json"),
            None,
        ] {
            let response = caller
                .send_as(&operation, content_type, valid.clone())
                .await;
            assert_eq!(response.status, 415, "{operation} {content_type:?}");
            assert_eq!(
                response.problem(),
                "not_json",
                "{operation} {content_type:?}"
            );
        }
    }
}

#[tokio::test]
async fn every_operation_accepts_a_body_at_its_size_limit_and_refuses_one_byte_more() {
    let app = TestApp::start();
    let caller = Caller::new(&app).await;
    for operation in operations_with_body() {
        let padded = |size: usize| {
            let body = operation.examples()[0].to_string();
            format!("{body}{}", " ".repeat(size - body.len()))
        };
        let limit = operation.max_body();
        for size in [limit + 1, limit + 1024 * 1024] {
            let response = caller.send(&operation, padded(size)).await;
            assert_eq!(response.status, 413, "{operation} {size}");
            assert_eq!(response.problem(), "body_too_large", "{operation} {size}");
        }
        let response = caller.send(&operation, padded(limit)).await;
        assert_ne!(response.status, 413, "{operation}");
    }
    let body = format!("{{\"name\": \"Ada\"{}}}", " ".repeat(64 * 1024 - 15));
    assert_eq!(body.len(), 64 * 1024);
    let patched = caller.user.request(reqwest::Method::PATCH, "/users/me");
    let patched = patched
        .header("content-type", "application/json")
        .body(body);
    Response::to(patched).await.expect(200);
}

/// Returns values of each JSON type but null, with the type's name in a JSON schema.
fn values() -> [(&'static str, Value); 8] {
    [
        ("integer", json!(1)),
        ("number", json!(1.5e300)),
        ("boolean", json!(true)),
        ("array", json!([])),
        ("array", json!(["x"])),
        ("object", json!({})),
        ("string", json!("x")),
        ("string", json!("")),
    ]
}

#[tokio::test]
async fn every_operation_names_unknown_fields_and_fields_of_the_wrong_type() {
    let app = TestApp::start();
    let caller = Caller::new(&app).await;
    for operation in operations_with_body() {
        for not_an_object in [json!([]), json!("x"), json!(7), json!(null), json!(true)] {
            let response = caller.send(&operation, not_an_object.to_string()).await;
            assert_eq!(response.status, 422, "{operation} {not_an_object}");
            assert_eq!(response.problem(), "validation_failed", "{operation}");
        }
        let valid = operation.examples()[0];
        for (field, types) in operation.fields() {
            for (kind, value) in values() {
                if types.contains(kind) {
                    continue;
                }
                let mut body = valid.clone();
                body[field] = value.clone();
                let response = caller.send(&operation, body.to_string()).await;
                let what = format!("{operation} {field}: {value}");
                assert_eq!(response.status, 422, "{what}");
                let error = only_error(&response, field, &what);
                assert_eq!(error["code"], "wrong_type", "{what}");
            }
        }
        let mut body = valid.clone();
        body["passwrod"] = json!("x");
        let response = caller.send(&operation, body.to_string()).await;
        assert_eq!(response.status, 422, "{operation}");
        let error = only_error(&response, "passwrod", &operation.to_string());
        assert_eq!(error["code"], "unknown_field", "{operation}");
    }
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

/// Returns the only error of a problem. Asserts that it points to the field.
#[track_caller]
fn only_error(response: &Response, field: &str, what: &str) -> Value {
    assert_eq!(response.problem(), "validation_failed", "{what}");
    let errors = response.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 1, "{what}: {errors}");
    assert_eq!(errors[0]["pointer"], format!("/{field}"), "{what}");
    errors[0].clone()
}
