//! Sign-up, sign-in, sessions and profiles, without mail.

use reqwest::Method;
use serde_json::{Value, json};

use super::meter::{Measured, Meter};
use crate::support::{PASSWORD, Response, SignedIn, TestApp, lockout::FAR_FUTURE};

/// The size of a user in the lists: with a name, a first and a last name and a city.
pub const USER_BYTES: usize = 500;
const ADA: &str = "ada@example.com";

/// Measures a sign-in that is refused because of the address, with `RequestsPerAddress` at its lowest.
pub async fn measure_limit() -> Vec<Measured> {
    let meter = Meter::start("limit", &["RequestsPerAddress=1"]);
    // The window is a minute of the clock.
    for _ in 0..10 {
        let response = meter.sign_in(ADA, PASSWORD).await;
        let line = meter.line_of(&response).await;
        if response.status == 429 && line["ColdStarts"].is_null() {
            meter
                .request("over the limit of the address", response)
                .await;
            return meter.finish();
        }
    }
    panic!("10 sign-ins in a minute were not refused");
}

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("accounts", &[]);
    let ada = meter.new_user(ADA).await;
    warm_up(&ada).await;
    keys(&meter).await;
    sign_up(&meter).await;
    sign_in(&meter).await;
    sessions(&meter).await;
    profiles(&meter, &ada).await;
    passwords(&meter, &ada).await;
    meter.finish()
}

/// The first request of an instance also reads its keys.
async fn warm_up(ada: &SignedIn<'_>) {
    ada.get("/users/me").await.expect(200);
    ada.get("/users/me/sessions").await.expect(200);
    ada.put("/users/me/password", &json!({})).await.expect(422);
    ada.get("/.well-known/jwks.json").await.expect(200);
}

async fn keys(meter: &Meter) {
    for path in [
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
    ] {
        meter
            .request("any", meter.get(path).await.expect(200))
            .await;
    }
    meter
        .request("not found", meter.get("/nowhere").await.expect(404))
        .await;
}

async fn sign_up(meter: &Meter) {
    let created = meter.sign_up("grace@example.com", PASSWORD).await;
    meter.request("open", created.expect(201)).await;
    let taken = meter.sign_up("grace@example.com", PASSWORD).await;
    meter.request("address taken", taken.expect(409)).await;
    let body = json!({"email": "mary@example.com", "password": PASSWORD, "name": "Mary"});
    let send = async || {
        let request = TestApp::request(meter, Method::POST, "/signup").json(&body);
        Response::to(request.header("idempotency-key", "one")).await
    };
    meter
        .request("open, with Idempotency-Key", send().await.expect(201))
        .await;
    meter
        .request("repeated with Idempotency-Key", send().await.expect(201))
        .await;
}

async fn sign_in(meter: &Meter) {
    let sign_in = async |case: &str, email: &str, password: &str, status: u16| {
        let response = meter.sign_in(email, password).await.expect(status);
        meter.request(case, response).await;
    };
    sign_in("right password", "grace@example.com", PASSWORD, 200).await;
    sign_in("unknown address", "nobody@example.com", PASSWORD, 401).await;
    sign_in("wrong password", "grace@example.com", "wrong password", 401).await;
    sign_in(
        "right password after a wrong one",
        "grace@example.com",
        PASSWORD,
        200,
    )
    .await;
    for _ in 0..5 {
        meter
            .sign_in("mary@example.com", "wrong password")
            .await
            .expect(401);
    }
    meter.set_locked_until("mary@example.com", FAR_FUTURE).await;
    sign_in("locked account", "mary@example.com", PASSWORD, 401).await;
}

async fn sessions(meter: &Meter) {
    let grace = SignedIn::new(meter, meter.sign_in("grace@example.com", PASSWORD).await);
    let body = json!({"refreshToken": grace.refresh_token});
    for case in ["newest token", "repeated after a lost response"] {
        let refreshed = meter.post("/session/refresh", &body).await;
        meter.request(case, refreshed.expect(200)).await;
    }
    let invalid = json!({"refreshToken": "x"});
    let refused = meter.post("/session/refresh", &invalid).await;
    meter.request("malformed token", refused.expect(401)).await;
    let listed = grace.get("/users/me/sessions").await.expect(200);
    meter.request("3 sessions", listed).await;
    let path = format!("/users/me/sessions/{}", grace.session_id());
    let ended = grace.delete(&path, &json!(null)).await.expect(204);
    meter.request("any", ended).await;
    let other = SignedIn::new(meter, meter.sign_in("grace@example.com", PASSWORD).await);
    let body = json!({"refreshToken": other.refresh_token});
    let ended = meter.post("/signout", &body).await.expect(204);
    meter.request("one session", ended).await;
    let all = grace.post("/signout?everywhere=true", &json!({})).await;
    meter.request("everywhere", all.expect(204)).await;
}

async fn profiles(meter: &Meter, ada: &SignedIn<'_>) {
    put_users(meter, 100).await;
    for limit in [20, 100] {
        let listed = ada.get(&format!("/users?limit={limit}")).await.expect(200);
        meter.request(&format!("{limit} users"), listed).await;
    }
    let shown = ada.get("/users/me").await.expect(200);
    meter.request("any", shown).await;
    let shown = ada.get(&format!("/users/{}", ada.id)).await.expect(200);
    meter.request("any", shown).await;
    let changed = ada.patch("/users/me", &json!({"name": "Ada L."})).await;
    meter.request("another name", changed.expect(200)).await;
}

async fn passwords(meter: &Meter, ada: &SignedIn<'_>) {
    let change =
        |current: &str| json!({"currentPassword": current, "newPassword": "difference engine"});
    let wrong = ada
        .put("/users/me/password", &change("wrong password"))
        .await;
    meter.request("wrong password", wrong.expect(401)).await;
    let changed = ada.put("/users/me/password", &change(PASSWORD)).await;
    meter.request("right password", changed.expect(204)).await;
    let password = json!({"password": "difference engine"});
    let deleted = ada.delete("/users/me", &password).await;
    meter.request("right password", deleted.expect(204)).await;
}

/// Puts users of [`USER_BYTES`] into the table, which take turns in the shards of the list.
pub async fn put_users(app: &TestApp, count: u8) {
    for number in 0..count {
        put_user(app, number, number % 4).await;
    }
}

/// Puts a user of [`USER_BYTES`] into the table, and returns its id. It is newer than those with smaller numbers and than all
/// users that signed up.
pub async fn put_user(app: &TestApp, number: u8, shard: u8) -> String {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&[2, 0, 0, 0, 0, number, 0x70, 0]);
    id[8..].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, shard]);
    let id = domain::UserId::from_bytes(id).to_string();
    let put = json!({"TableName": "cloakroom-dev-UsersTable", "Item": user(&id, number, shard)});
    let target = "DynamoDB_20120810.PutItem";
    app.call_engine("dynamodb", "local", target, &put)
        .await
        .expect(200);
    id
}

fn user(id: &str, number: u8, shard: u8) -> Value {
    let at = "2026-01-01T00:00:00Z";
    let email = format!("user-{number:03}@example.com");
    let key = format!("{}\t{id}", "x".repeat(100));
    let texts = [
        ("name_head", "xx"),
        ("name_key", &key),
        ("id", id),
        ("shard", &shard.to_string()),
        ("email", &email),
        ("email_canonical", &email),
        ("created_at", at),
        ("updated_at", at),
    ];
    let mut item: serde_json::Map<_, _> = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!({"S": text})))
        .collect();
    let text_bytes: usize = texts
        .iter()
        .map(|(name, text)| name.len() + text.len())
        .sum();
    item.insert("version".to_owned(), json!({"N": "1"}));
    item.insert("session_epoch".to_owned(), json!({"N": "1"}));
    item.insert("profile".to_owned(), json!({"M": {}}));
    // A number of one digit has 2 bytes, and a map has 3.
    let others = "version".len() + 2 + "session_epoch".len() + 2 + "profile".len() + 3;
    let rest = USER_BYTES - text_bytes - others - "name".len();
    item.insert("name".to_owned(), json!({"S": "x".repeat(rest)}));
    item.into()
}
