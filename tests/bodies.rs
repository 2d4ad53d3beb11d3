//! Every route that takes a body, against every kind of body that is none.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

/// The routes that take a body, each with one that it takes.
fn routes() -> [(Method, &'static str, Value); 14] {
    [
        (
            Method::POST,
            "/signup",
            json!({"email": "new@example.com", "password": PASSWORD, "name": "New"}),
        ),
        (
            Method::POST,
            "/signin",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        ),
        (
            Method::POST,
            "/session/refresh",
            json!({"refreshToken": "x"}),
        ),
        (Method::POST, "/signout", json!({"refreshToken": "x"})),
        (Method::PATCH, "/users/me", json!({"name": "Ada"})),
        (
            Method::PUT,
            "/users/me/password",
            json!({"currentPassword": PASSWORD, "newPassword": "difference engine"}),
        ),
        (Method::DELETE, "/users/me", json!({"password": PASSWORD})),
        (
            Method::POST,
            "/password/forgot",
            json!({"email": "nobody@example.com"}),
        ),
        (
            Method::POST,
            "/password/reset",
            json!({"token": "x", "newPassword": "difference engine"}),
        ),
        (Method::POST, "/verify-email", json!({"token": "x"})),
        (Method::PUT, "/admin/users/x/roles", json!({"roles": []})),
        (
            Method::POST,
            "/uploads",
            json!({"filename": "a.txt", "contentType": "text/plain", "size": 5}),
        ),
        (
            Method::POST,
            "/uploads/x/restore",
            json!({"versionId": "x"}),
        ),
        (
            Method::PUT,
            "/uploads/x/lock",
            json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD}),
        ),
    ]
}

async fn send(
    ada: &SignedIn<'_>,
    method: &Method,
    path: &str,
    kind: &str,
    body: impl Into<Vec<u8>>,
) -> Response {
    let request = ada
        .request(method.clone(), path)
        .header("content-type", kind);
    Response::to(request.body(body.into())).await
}

#[tokio::test]
async fn what_is_not_json_is_refused_by_every_route() {
    let app = TestApp::start();
    let ada = app.admin("ada@example.com").await;
    let deep_arrays = "[".repeat(60_000);
    let deep_objects = "{\"a\":".repeat(10_000);
    for (method, path, valid) in routes() {
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
            let answer = send(&ada, &method, path, "application/json", body)
                .await
                .expect(400);
            assert_eq!(
                answer.problem(),
                "malformed_json",
                "{method} {path} {body:.20}"
            );
        }
        let answer = send(
            &ada,
            &method,
            path,
            "application/json",
            b"{\"a\": \"\xff\xfe\"}".as_slice(),
        )
        .await;
        assert_eq!(answer.expect(400).problem(), "malformed_json");
        let doubled = valid
            .to_string()
            .replacen('{', "{\"password\": 1, \"password\": 2, ", 1);
        let answer = send(&ada, &method, path, "application/json", doubled)
            .await
            .expect(400);
        assert_eq!(answer.problem(), "duplicate_field");
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "json",
        ] {
            let answer = send(&ada, &method, path, kind, valid.to_string())
                .await
                .expect(415);
            assert_eq!(answer.problem(), "not_json", "{method} {path} {kind}");
        }
        let untyped = Response::to(ada.request(method.clone(), path).body(valid.to_string())).await;
        assert_eq!(untyped.expect(415).problem(), "not_json");
    }
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_not_a_byte_more() {
    let app = TestApp::start();
    let ada = app.admin("ada@example.com").await;
    for (method, path, valid) in routes() {
        let padded = |size: usize| {
            let body = valid.to_string();
            format!("{body}{}", " ".repeat(size - body.len()))
        };
        let answer = send(
            &ada,
            &method,
            path,
            "application/json",
            padded(64 * 1024 + 1),
        )
        .await
        .expect(413);
        assert_eq!(answer.problem(), "body_too_large", "{method} {path}");
        let answer = send(&ada, &method, path, "application/json", padded(1024 * 1024))
            .await
            .expect(413);
        assert_eq!(answer.problem(), "body_too_large", "{method} {path}");
    }
    // Large, well-formed and taken: by the route that changes least.
    let body = format!("{{\"name\": \"Ada\"{}}}", " ".repeat(64 * 1024 - 15));
    assert_eq!(body.len(), 64 * 1024);
    send(&ada, &Method::PATCH, "/users/me", "application/json", body)
        .await
        .expect(200);
}

#[tokio::test]
async fn wrong_types_and_unknown_fields_are_named() {
    let app = TestApp::start();
    let ada = app.admin("ada@example.com").await;
    let wrong = [
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(1.5e300),
        json!(["x"]),
    ];
    for (method, path, valid) in routes() {
        for not_an_object in [json!([]), json!("x"), json!(7), json!(null), json!(true)] {
            let answer = send(
                &ada,
                &method,
                path,
                "application/json",
                not_an_object.to_string(),
            )
            .await;
            assert_eq!(answer.expect(422).problem(), "validation_failed");
        }
        for field in valid.as_object().unwrap().keys() {
            // A whole number is right where another one is, and a list may be.
            let is_wrong = |value: &&Value| {
                let both = |is: fn(&Value) -> bool| is(value) && is(&valid[field]);
                !both(Value::is_u64) && !both(Value::is_array)
            };
            for value in wrong.iter().filter(is_wrong) {
                let mut body = valid.clone();
                body[field] = value.clone();
                let answer = send(&ada, &method, path, "application/json", body.to_string()).await;
                let errors = answer.expect(422).json()["errors"].clone();
                assert_eq!(
                    errors[0]["pointer"],
                    json!(format!("/{field}")),
                    "{method} {path} {value}"
                );
                assert_eq!(errors[0]["code"], "wrong_type");
            }
        }
        let mut body = valid.clone();
        body["passwrod"] = json!("x");
        let answer = send(&ada, &method, path, "application/json", body.to_string())
            .await
            .expect(422);
        assert_eq!(answer.json()["errors"][0]["code"], "unknown_field");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/passwrod");
    }
    ada.get("/users/me").await.expect(200);
}
