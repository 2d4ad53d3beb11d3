//! `GET /admin/users?email=…` and `?name=…`.

use domain::{Name, UserId};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::manage;
use crate::support::{PASSWORD, SignedIn, TestApp, eventually, lines::calls};

/// Encodes a query parameter.
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Creates an account with this name.
async fn sign_up(app: &TestApp, email: &str, name: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD, "name": name});
    let created = app.post("/signup", &body).await.expect(201).json();
    created["user"]["id"].as_str().unwrap().to_owned()
}

/// Returns all users whose names begin with this, page by page.
async fn by_name(admin: &SignedIn<'_>, prefix: &str, limit: usize) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/admin/users?name={}&limit={limit}{next}", encode(prefix));
        let page = admin.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(items.iter().cloned());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return seen,
        }
    }
}

async fn names(admin: &SignedIn<'_>, prefix: &str) -> Vec<String> {
    let found = by_name(admin, prefix, 3).await;
    let names = found.iter().map(|user| user["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn an_admin_finds_a_user_by_email() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let id = sign_up(&app, "Jos\u{e9}@Example.com", "Ada").await;
    manage(&admin, "disable", &id).await.expect(200);
    for form in ["jos\u{e9}@example.com", "JOSE\u{301}@EXAMPLE.COM"] {
        let path = format!("/admin/users?email={}", encode(form));
        let found = admin.get(&path).await.expect(200);
        let listed = admin.get("/admin/users?limit=1").await.expect(200).json();
        assert_eq!(
            found.json(),
            json!({"items": listed["items"], "next": null})
        );
        assert_eq!(found.json()["items"][0]["status"], "disabled");
        let line = app.line_of(&found).await;
        assert_eq!((&line["ReadUnits"], calls(&line)), (&json!(2), 2));
    }
    let none = json!({"items": [], "next": null});
    let unknown = "/admin/users?email=bob@example.com";
    assert_eq!(admin.get(unknown).await.expect(200).json(), none);
    manage(&admin, "delete", &id).await.expect(204);
    let path = format!("/admin/users?email={}", encode("jos\u{e9}@example.com"));
    assert_eq!(admin.get(&path).await.expect(200).json(), none);
}

#[tokio::test]
async fn an_admin_finds_users_by_the_beginning_of_their_names() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for (i, name) in [
        "Jos\u{e9} P\u{e9}rez",
        "JOSEPH",
        "Josefine",
        "Jos\u{e9}",
        "Jo",
        "\u{674e}\u{660e}",
        "M\u{fc}ller",
        "\u{ff2d}\u{ff55}ller, A.",
    ]
    .into_iter()
    .enumerate()
    {
        sign_up(&app, &format!("{i}@example.com"), name).await;
    }
    let jose = ["Jos\u{e9}", "Jos\u{e9} P\u{e9}rez", "Josefine", "JOSEPH"];
    for prefix in ["jose", "JOS\u{c9}", " jose ", "jose\u{301}"] {
        assert_eq!(names(&admin, prefix).await, jose, "{prefix:?}");
    }
    assert_eq!(names(&admin, "jo").await.len(), 5);
    assert_eq!(names(&admin, "josef").await, ["Josefine"]);
    assert_eq!(
        names(&admin, "\u{674e}\u{660e}").await,
        ["\u{674e}\u{660e}"]
    );
    let muller = ["M\u{fc}ller", "\u{ff2d}\u{ff55}ller, A."];
    assert_eq!(names(&admin, "Muller").await, muller);
    assert!(names(&admin, "zz").await.is_empty());
    let found = by_name(&admin, "mull", 1).await;
    let by_email = admin.get("/admin/users?email=6@example.com").await;
    assert_eq!(by_email.expect(200).json()["items"][0], found[0]);
}

#[tokio::test]
async fn the_search_follows_new_names_and_deletions() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    sign_up(&app, "ada@example.com", "Ada Byron").await;
    let ada = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    assert_eq!(names(&admin, "ada b").await, ["Ada Byron"]);
    let change = json!({"name": "Countess Lovelace"});
    ada.patch("/users/me", &change).await.expect(200);
    eventually(async || names(&admin, "ada b").await.is_empty()).await;
    assert_eq!(names(&admin, "countess").await, ["Countess Lovelace"]);
    // Nothing of this name is left to search by.
    ada.patch("/users/me", &json!({"name": "\u{b4}"}))
        .await
        .expect(200);
    eventually(async || names(&admin, "countess").await.is_empty()).await;
    ada.patch("/users/me", &json!({"name": "Ada"}))
        .await
        .expect(200);
    ada.patch("/users/me", &json!({"profile": {"city": "London"}}))
        .await
        .expect(200);
    manage(&admin, "disable", &ada.id).await.expect(200);
    let found = by_name(&admin, "ada", 20).await;
    let found: Vec<_> = found.iter().filter(|user| user["id"] == ada.id).collect();
    assert_eq!(found[0]["profile"], json!({"city": "London"}));
    assert_eq!(found[0]["status"], "disabled");
    manage(&admin, "delete", &ada.id).await.expect(204);
    eventually(async || {
        let found = by_name(&admin, "ada", 20).await;
        found.iter().all(|user| user["id"] != ada.id)
    })
    .await;
}

/// A position in the list is a name, so a user who gets another name between two pages moves, and no other user is missing.
#[tokio::test]
async fn a_rename_between_two_pages_hides_no_other_user() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for i in 0..6 {
        sign_up(&app, &format!("{i}@example.com"), &format!("Rename {i}")).await;
    }
    for (renamed, name, expected) in [
        (
            2,
            "Rename 9",
            vec!["Rename 3", "Rename 4", "Rename 5", "Rename 9"],
        ),
        (2, "Rename 2", vec!["Rename 4", "Rename 5"]),
        (4, "Rename 0", vec!["Rename 3", "Rename 5"]),
    ] {
        let first = "/admin/users?name=rename&limit=3";
        let page = admin.get(first).await.expect(200).json();
        let email = format!("{renamed}@example.com");
        let user = SignedIn::new(&app, app.sign_in(&email, PASSWORD).await);
        let change = json!({"name": name});
        user.patch("/users/me", &change).await.expect(200);
        let rest = format!(
            "{first}&limit=100&cursor={}",
            page["next"].as_str().unwrap()
        );
        eventually(async || {
            let rest = admin.get(&rest).await.expect(200).json();
            let items = rest["items"].as_array().unwrap().iter();
            let found: Vec<_> = items
                .map(|user| user["name"].as_str().unwrap().to_owned())
                .collect();
            found == expected
        })
        .await;
    }
}

#[tokio::test]
async fn an_invalid_search_is_refused() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    sign_up(&app, "a@example.com", "Ada A").await;
    sign_up(&app, "b@example.com", "Ada B").await;
    let next = async |query: &str| {
        let page = admin.get(&format!("/admin/users?{query}&limit=1")).await;
        page.expect(200).json()["next"].as_str().unwrap().to_owned()
    };
    let (of_names, of_all) = (next("name=ada").await, next("").await);
    for (query, code) in [
        ("name=a", "validation_failed"),
        ("name=%cc%81%cc%81a", "validation_failed"),
        ("email=ada", "validation_failed"),
        ("email=a%40example.com&name=ada", "validation_failed"),
        ("name=ada&limit=0", "validation_failed"),
        ("email=a%40example.com&limit=0", "validation_failed"),
        (&format!("cursor={of_names}"), "invalid_cursor"),
        (&format!("name=adb&cursor={of_names}"), "invalid_cursor"),
        (&format!("name=ada&cursor={of_all}"), "invalid_cursor"),
        (
            &format!("email=a%40example.com&cursor={of_all}"),
            "invalid_cursor",
        ),
        ("name=ada&cursor=x", "invalid_cursor"),
    ] {
        let refused = admin
            .get(&format!("/admin/users?{query}"))
            .await
            .expect(422);
        assert_eq!(refused.problem(), code, "{query}");
    }
}

/// Puts users with names of equal length into the table.
async fn put_named(app: &TestApp, from: usize, to: usize) {
    let all: Vec<_> = (from..to).collect();
    for batch in all.chunks(25) {
        let puts: Vec<_> = batch
            .iter()
            .map(|number| json!({"PutRequest": {"Item": named(*number)}}))
            .collect();
        let body = json!({"RequestItems": {"cloakroom-dev-UsersTable": puts}});
        let target = "DynamoDB_20120810.BatchWriteItem";
        let written = app.call_engine("dynamodb", "local", target, &body).await;
        assert_eq!(written.expect(200).json()["UnprocessedItems"], json!({}));
    }
}

fn named(number: usize) -> Value {
    let id = UserId::new(OffsetDateTime::UNIX_EPOCH);
    let name = format!("Load {number:06}");
    let email = format!("{number:06}@example.com");
    let searched = store::name_attributes(&Name::parse(&name).unwrap(), id).unwrap();
    let mut item = json!({
        "id": {"S": id.to_string()}, "shard": {"S": "0"}, "email": {"S": email}, "email_canonical": {"S": email},
        "name": {"S": name}, "profile": {"M": {}}, "version": {"N": "1"}, "session_epoch": {"N": "1"},
        "created_at": {"S": "1970-01-01T00:00:00Z"}, "updated_at": {"S": "1970-01-01T00:00:00Z"},
    });
    for (attribute, value) in searched {
        item[attribute] = json!({"S": value});
    }
    item
}

#[tokio::test]
async fn a_search_costs_the_same_among_ten_thousand_users() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    sign_up(&app, "a@example.com", "Ada").await;
    let cost = async |query: &str, users: usize| {
        let found = admin
            .get(&format!("/admin/users?{query}"))
            .await
            .expect(200);
        assert_eq!(found.json()["items"].as_array().unwrap().len(), users);
        let line = app.line_of(&found).await;
        (line["ReadUnits"].clone(), calls(&line))
    };
    // The first request also reads the public keys.
    admin.get("/admin/users").await.expect(200);
    // With one more user, which shows that there is a next page.
    put_named(&app, 0, 11).await;
    let measure = async || {
        [
            cost("name=load&limit=10", 10).await,
            cost("name=load%20000003", 1).await,
            cost("email=a@example.com", 1).await,
        ]
    };
    let among_ten = measure().await;
    put_named(&app, 11, 10_000).await;
    assert_eq!(measure().await, among_ten);
    assert!(among_ten[0].0.as_f64().unwrap() <= 1.0, "{among_ten:?}");
}
