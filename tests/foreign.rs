//! Broken object level authorization (OWASP API1:2023): each user requests another user's resources, with every operation
//! that names a resource of a user.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, SignedIn, TestApp, rounds,
    routes::{Credential, Operation, operations},
};

/// Returns the operations that name a resource of a user in the path, other than by an upload grant.
fn operations_on_owned_resources() -> Vec<Operation> {
    let mut found = operations();
    found.retain(|operation| {
        let mut named = operation.parameters("path");
        named.remove("grant");
        !named.is_empty() && !is_open_to_others(operation)
    });
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Tells whether other users may use an operation: the public profile, and administration (`tests/admin/access.rs`). Products are
/// public or need a role (`tests/products`), a path of the library names no other user, and webhooks are for administrators
/// (`tests/webhooks/access.rs`).
fn is_open_to_others(operation: &Operation) -> bool {
    let of_others = ["/products/", "/library/", "/webhooks/"];
    operation.is_administration()
        || operation.to_string() == "GET /users/{id}"
        || of_others
            .iter()
            .any(|path| operation.path.starts_with(path))
}

/// One resource of each kind that belongs to a user and that an operation names.
struct Owned {
    upload: String,
    /// The object key of the same upload, which the upload widget uses.
    key: String,
    s3_id: String,
    grant: String,
    session: String,
    order: String,
}

impl Owned {
    async fn create(app: &TestApp, owner: &SignedIn<'_>) -> Self {
        let order = owner.order(&app.offer(499).await).await;
        let body = json!({"filename": "film.mp4", "type": "video/mp4"});
        let begun = owner.post("/s3/multipart", &body).await.expect(200).json();
        let text = |name: &str| begun[name].as_str().unwrap().to_owned();
        let (key, s3_id) = (text("key"), text("uploadId"));
        let (_, upload) = key.split_once('/').unwrap();
        let grant = owner.post("/s3/grants", &json!({})).await.expect(201);
        let endpoint = grant.json()["companionEndpoint"].clone();
        let (_, grant) = endpoint.as_str().unwrap().rsplit_once('/').unwrap();
        Self {
            upload: upload.to_owned(),
            key: key.clone(),
            s3_id,
            grant: grant.to_owned(),
            session: owner.session_id(),
            order: order["order"]["id"].as_str().unwrap().to_owned(),
        }
    }

    /// Returns the value of a path parameter, by the segment before it and its name.
    fn value(&self, before: &str, name: &str) -> String {
        let value = match (before, name) {
            ("uploads", "id") => &self.upload,
            ("multipart", "uploadId") => &self.s3_id,
            ("sessions", "id") => &self.session,
            ("orders", "id") => &self.order,
            (_, "part") => "1",
            ("grants", "grantee") => "everyone",
            (before, name) => panic!(
                "`Owned` has no value for the path parameter `{{{name}}}` after `{before}`. Create one there, or add the \
                operation to `is_open_to_others` if other users may use it."
            ),
        };
        value.to_owned()
    }
}

/// Builds a request of a user for the resources of an owner, who may be another user.
fn request(
    app: &TestApp,
    (user, own): (&SignedIn<'_>, &Owned),
    target: &Owned,
    operation: &Operation,
) -> RequestBuilder {
    let mut path = operation.path_with(|before, name| match name {
        "grant" => own.grant.clone(),
        _ => target.value(before, name),
    });
    if operation.parameters("query").contains("key") {
        path = format!("{path}?key={}", target.key);
    }
    let request = app.request(operation.method.clone(), &path);
    let request = match operation.credential() {
        Credential::UploadGrant => request,
        _ => request.bearer_auth(&user.token),
    };
    match operation.examples().first() {
        Some(example) => request.json(&with_password((*example).clone())),
        None => request,
    }
}

/// Sets the password in an example body to the user's own, if it has one.
fn with_password(mut body: Value) -> Value {
    if let Some(password) = body.get_mut("password") {
        *password = json!(PASSWORD);
    }
    body
}

#[tokio::test]
async fn every_operation_on_another_users_resources_is_not_found() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let count = rounds(5, 20);
    let mut users = Vec::new();
    for number in 0..count {
        let user = app.new_user(&format!("{number}@example.com")).await;
        let owned = Owned::create(&app, &user).await;
        users.push((user, owned));
    }
    let operations = operations_on_owned_resources();
    let mut expected = None;
    // Each user requests the resources of the next one.
    for (at, (user, own)) in users.iter().enumerate() {
        let (_, target) = &users[(at + 1) % count];
        for operation in &operations {
            let response = Response::to(request(&app, (user, own), target, operation)).await;
            assert_eq!(response.status, 404, "{operation}");
            assert_eq!(response.problem(), "not_found", "{operation}");
            let detail = response.json()["detail"].clone();
            let expected = expected.get_or_insert(detail.clone());
            assert_eq!(*expected, detail, "{operation}");
        }
    }
    // The owners find their resources unchanged.
    for (owner, own) in &users {
        let upload = owner.get(&format!("/uploads/{}", own.upload)).await;
        assert_eq!(upload.expect(200).json()["upload"]["status"], "pending");
        let (key, s3_id) = (&own.key, &own.s3_id);
        let parts = owner.get(&format!("/s3/multipart/{s3_id}?key={key}")).await;
        parts.expect(200);
        let body = json!({"refreshToken": owner.refresh_token});
        app.post("/session/refresh", &body).await.expect(200);
    }
}
