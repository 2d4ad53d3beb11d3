mod limits;
mod repeats;

use insta::{
    assert_json_snapshot,
    internals::{Content, ContentPath},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, TestApp, rounds};

#[tokio::test]
async fn a_sign_up_creates_an_account_and_returns_its_location() {
    let app = TestApp::start();
    let body = json!({
        "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada Lovelace",
        "profile": {"firstName": "Ada", "lastName": "Lovelace", "city": "London", "age": 36},
    });
    let response = app.post("/signup", &body).await.expect(201);
    let user = &response.json()["user"];
    let location = format!("/users/{}", user["id"].as_str().unwrap());
    assert_eq!(response.header("location"), Some(location.as_str()));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_json_snapshot!(response.json(), {
        ".user.id" => insta::dynamic_redaction(uuid_v7),
        ".user.createdAt" => insta::dynamic_redaction(rfc3339_utc),
        ".user.updatedAt" => insta::dynamic_redaction(rfc3339_utc),
    }, @r#"
    {
      "user": {
        "id": "[UUIDv7]",
        "email": "Ada@Example.com",
        "name": "Ada Lovelace",
        "profile": {
          "firstName": "Ada",
          "lastName": "Lovelace",
          "city": "London",
          "age": 36
        },
        "roles": [],
        "createdAt": "[RFC 3339 UTC]",
        "updatedAt": "[RFC 3339 UTC]"
      }
    }
    "#);
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that insta calls"
)]
fn uuid_v7(id: Content, _: ContentPath<'_>) -> &'static str {
    let id = uuid::Uuid::parse_str(id.as_str().unwrap()).unwrap();
    assert_eq!(id.get_version_num(), 7);
    "[UUIDv7]"
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that insta calls"
)]
fn rfc3339_utc(time: Content, _: ContentPath<'_>) -> &'static str {
    let time = time.as_str().unwrap();
    assert!(
        time.len() == "2026-01-01T00:00:00.000Z".len() && time.ends_with('Z'),
        "{time}"
    );
    "[RFC 3339 UTC]"
}

#[tokio::test]
async fn a_second_signup_with_the_same_email_is_a_conflict() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let first = app
        .sign_up("ada@example.com", "another password")
        .await
        .snapshot();
    assert_json_snapshot!(first, @r#"
    {
      "type": "about:blank",
      "title": "Conflict",
      "status": 409,
      "detail": "An account with this email address already exists. Sign in instead.",
      "instance": "[request id]",
      "code": "email_taken",
      "message": "An account with this email address already exists. Sign in instead."
    }
    "#);
    for same in ["ada@example.com", "ADA@EXAMPLE.COM", " Ada@example.com "] {
        assert_eq!(
            app.sign_up(same, "another password").await.snapshot(),
            first,
            "{same}"
        );
    }
}

#[tokio::test]
async fn a_sign_up_reports_all_invalid_fields_at_once() {
    let app = TestApp::start();
    let body = json!({"email": "not-an-email", "password": "short", "profile": {"age": -1}, "role": "admin"});
    let response = app.post("/signup", &body).await;
    assert_json_snapshot!(response.snapshot(), @r#"
    {
      "type": "about:blank",
      "title": "Unprocessable Entity",
      "status": 422,
      "detail": "The request is invalid. Correct the fields that `errors` lists.",
      "instance": "[request id]",
      "code": "validation_failed",
      "message": "The request is invalid. Correct the fields that `errors` lists.",
      "errors": [
        {
          "pointer": "/email",
          "code": "invalid_email",
          "detail": "The e-mail address is not valid. Send one like name@example.com."
        },
        {
          "pointer": "/password",
          "code": "password_too_short",
          "detail": "The password is too short. Send at least 8 characters."
        },
        {
          "pointer": "/name",
          "code": "required",
          "detail": "This field is required."
        },
        {
          "pointer": "/profile/age",
          "code": "wrong_type",
          "detail": "A non-negative integer is required."
        },
        {
          "pointer": "/role",
          "code": "unknown_field",
          "detail": "There is no such field. Check the spelling."
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn names_that_look_empty_or_change_the_direction_of_text_are_refused() {
    let app = TestApp::start();
    let sign_up = async |name: &str, city: &str| {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "name": name, "profile": {"city": city},
        });
        app.post("/signup", &body).await
    };
    for (text, code) in [
        ("\u{200b}", "empty"),
        ("\u{3164}\u{2800}", "empty"),
        ("\u{2029}", "empty"),
        ("\u{202e}adA", "control_character"),
        ("Ada\u{200f}", "control_character"),
        ("Ada\u{2028}Lovelace", "control_character"),
    ] {
        let response = sign_up(text, text).await.expect(422).json();
        let errors = response["errors"].as_array().unwrap();
        let errors: Vec<_> = errors
            .iter()
            .map(|error| (&error["pointer"], &error["code"]))
            .collect();
        assert_eq!(
            errors,
            [
                (&json!("/name"), &json!(code)),
                (&json!("/profile/city"), &json!(code)),
            ],
            "{text:?}"
        );
    }
    let (name, city) = (
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}",
        "\u{41b}\u{432}\u{456}\u{432}",
    );
    let user = sign_up(name, city).await.expect(201).json();
    assert_eq!(user["user"]["name"], name);
}

/// Spellings of one e-mail: case, composed and decomposed accents, surrounding spaces.
const VARIANTS: [&str; 8] = [
    "jos\u{e9}@example.com",
    "JOS\u{c9}@EXAMPLE.COM",
    "jose\u{301}@example.com",
    "JOSE\u{301}@Example.Com",
    " jos\u{e9}@example.com",
    "jos\u{e9}@example.com\t",
    "Jos\u{e9}@eXaMpLe.com",
    "jOSE\u{301}@example.COM ",
];

#[tokio::test]
async fn of_simultaneous_signups_with_one_email_exactly_one_wins() {
    let app = TestApp::start();
    for round in 0..rounds(2, 20) {
        let attempts = (0..rounds(40, 200)).map(|i| {
            let email = VARIANTS[i % VARIANTS.len()].replace("jos", &format!("jos{round}"));
            let email = email
                .replace("Jos", &format!("Jos{round}"))
                .replace("JOS", &format!("JOS{round}"));
            let email = email.replace("jOS", &format!("jOS{round}"));
            let body = json!({"email": email, "password": PASSWORD, "name": "Jos\u{e9}"});
            tokio::spawn(Response::to(
                app.request(Method::POST, "/signup").json(&body),
            ))
        });
        let mut statuses = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            let response = attempt.await.unwrap();
            if response.status == 409 {
                assert_eq!(response.problem(), "email_taken");
            }
            statuses.push(response.status);
        }
        statuses.sort_unstable();
        let (first, others) = statuses.split_first().unwrap();
        assert_eq!(*first, 201, "round {round}");
        assert!(
            others.iter().all(|status| *status == 409),
            "round {round}: {statuses:?}"
        );
    }
}

#[tokio::test]
async fn the_email_of_a_deleted_account_can_sign_up_again() {
    let app = TestApp::start();
    for _ in 0..3 {
        let ada = app.new_user("ada@example.com").await;
        ada.delete("/users/me", &json!({"password": PASSWORD}))
            .await
            .expect(204);
    }
    assert_eq!(
        app.sign_in("ada@example.com", PASSWORD)
            .await
            .expect(401)
            .problem(),
        "invalid_credentials"
    );
}

/// Signs up with an idempotency key.
async fn with_key(app: &TestApp, key: &str, body: &Value) -> Response {
    Response::to(
        app.request(Method::POST, "/signup")
            .header("idempotency-key", key)
            .json(body),
    )
    .await
}

#[tokio::test]
async fn the_same_sign_up_with_the_same_idempotency_key_gets_the_same_response() {
    let app = TestApp::start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let first = with_key(&app, "\"8e03978e\"", &body).await.expect(201);
    let again = with_key(&app, "\"8e03978e\"", &body).await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(
        with_key(&app, "another", &body).await.expect(409).problem(),
        "email_taken"
    );
}

#[tokio::test]
async fn a_different_sign_up_with_the_same_idempotency_key_is_refused() {
    let app = TestApp::start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    with_key(&app, "key", &body).await.expect(201);
    for (member, other) in [
        ("email", json!("grace@example.com")),
        ("password", json!("another password")),
        ("name", json!("Grace")),
        ("profile", json!({"city": "London"})),
    ] {
        let mut other_body = body.clone();
        other_body[member] = other;
        let response = with_key(&app, "key", &other_body).await.expect(422);
        assert_eq!(response.problem(), "idempotency_key_reused", "{member}");
    }
    let too_long = "k".repeat(256);
    assert_eq!(
        with_key(&app, &too_long, &body).await.expect(422).problem(),
        "invalid_idempotency_key"
    );
}

#[tokio::test]
async fn simultaneous_sign_ups_with_one_idempotency_key_create_one_account() {
    let app = TestApp::start();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    let send = || {
        let request = app
            .request(Method::POST, "/signup")
            .header("idempotency-key", "key");
        tokio::spawn(Response::to(request.json(&body)))
    };
    let responses: Vec<_> = (0..20).map(|_| send()).collect();
    let mut bodies = Vec::new();
    for response in responses {
        bodies.push(response.await.unwrap().expect(201).body);
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]));
}
