//! Broken object level authorisation (OWASP API1:2023): each user tries what belongs to another one, on every operation
//! that names something of a user.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, SignedIn, TestApp,
    routes::{Credential, Operation, operations},
};

const USERS: usize = 20;

/// Operations that name something of a user, other than by an upload grant.
fn operations_on_owned_things() -> Vec<Operation> {
    let mut found = operations();
    found.retain(|operation| {
        let mut named = operation.parameters("path");
        named.remove("grant");
        !named.is_empty() && !is_open_to_others(operation)
    });
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Operations on other users that are meant for others: a public profile, and administration (`tests/admin/access.rs`).
fn is_open_to_others(operation: &Operation) -> bool {
    operation.is_administration() || operation.to_string() == "GET /users/{id}"
}

/// One of each thing that a user has and that an operation names.
struct Owned {
    upload: String,
    /// The same upload, as the widget names it.
    key: String,
    s3_id: String,
    grant: String,
    session: String,
}

impl Owned {
    async fn create(owner: &SignedIn<'_>) -> Self {
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
        }
    }

    /// What stands for a parameter of a path, by the segment before it and its name.
    fn value(&self, before: &str, name: &str) -> String {
        let value = match (before, name) {
            ("uploads", "id") => &self.upload,
            ("multipart", "uploadId") => &self.s3_id,
            ("sessions", "id") => &self.session,
            (_, "part") => "1",
            ("grants", "grantee") => "everyone",
            (before, name) => panic!(
                "Which thing of a user does `{{{name}}}` after `{before}` name? Create one in `Owned`, or say in \
                `is_open_to_others` that the operation is meant for others."
            ),
        };
        value.to_owned()
    }
}

/// A request of a user about a thing that may be another's.
fn request(
    app: &TestApp,
    (user, own): (&SignedIn<'_>, &Owned),
    of: &Owned,
    operation: &Operation,
) -> RequestBuilder {
    let mut path = operation.path_with(|before, name| match name {
        "grant" => own.grant.clone(),
        _ => of.value(before, name),
    });
    if operation.parameters("query").contains("key") {
        path = format!("{path}?key={}", of.key);
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

/// An example of a body, with the user's own password.
fn with_password(mut body: Value) -> Value {
    if let Some(password) = body.get_mut("password") {
        *password = json!(PASSWORD);
    }
    body
}

#[tokio::test]
async fn every_operation_on_another_users_things_is_not_found() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let mut users = Vec::new();
    for number in 0..USERS {
        let user = app.new_user(&format!("{number}@example.com")).await;
        let owned = Owned::create(&user).await;
        users.push((user, owned));
    }
    let operations = operations_on_owned_things();
    let mut expected = None;
    // Each user tries the next one's.
    for (at, (user, own)) in users.iter().enumerate() {
        let (_, of) = &users[(at + 1) % USERS];
        for operation in &operations {
            let answer = Response::to(request(&app, (user, own), of, operation)).await;
            assert_eq!(answer.status, 404, "{operation}");
            assert_eq!(answer.problem(), "not_found", "{operation}");
            let detail = answer.json()["detail"].clone();
            let expected = expected.get_or_insert(detail.clone());
            assert_eq!(*expected, detail, "{operation}");
        }
    }
    // The owner finds it, unchanged.
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
