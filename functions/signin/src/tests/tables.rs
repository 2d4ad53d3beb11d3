use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use auth::{
    keys::{Algorithm, NewKey},
    password::{Cost, PasswordHash, work},
};
use aws_sdk_dynamodb::{
    Client,
    operation::{
        get_item::{GetItemError, GetItemOutput},
        put_item::{PutItemError, PutItemOutput},
        scan::ScanOutput,
        update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput},
    },
    types::{
        AttributeValue,
        error::{ConditionalCheckFailedException, InternalServerError},
    },
};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_types::SdkConfig;
use axum::body::Body;
use domain::UserId;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};
use tower::ServiceExt as _;

use crate::*;

pub(super) const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

/// The items of one account, and the requests that were observed.
pub(super) struct Tables {
    hash: String,
    pub(super) status: &'static str,
    /// Whether the user exists; `Err` when the users table fails.
    pub(super) user: Result<bool, ()>,
    pub(super) session_is_written: bool,
    /// The error of a renewal of the hash, if it fails.
    pub(super) renewal: Option<fn() -> UpdateItemError>,
    observed: Arc<Mutex<Observed>>,
    guesses: Arc<Mutex<Guesses>>,
}

/// The failure count of the credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Guesses {
    pub(super) failures: u64,
    /// Milliseconds since 1970.
    pub(super) locked_until: Option<i128>,
}

/// The requests to the tables.
#[derive(Default)]
pub(super) struct Observed {
    /// The work that had been done at each read of the user.
    pub(super) work_at_user_read: Vec<u64>,
    /// The hashes of each renewal: the one in the condition, and the new one.
    pub(super) renewals: Vec<(String, String)>,
    pub(super) sessions: usize,
    /// Operation and table of each request.
    pub(super) requests: Vec<(&'static str, &'static str)>,
}

impl Tables {
    pub(super) fn new(hash: &PasswordHash) -> Self {
        Self {
            hash: hash.as_str().to_owned(),
            status: "active",
            user: Ok(true),
            session_is_written: true,
            renewal: None,
            observed: Arc::default(),
            guesses: Arc::default(),
        }
    }

    pub(super) fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap()
    }

    pub(super) fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap()
    }

    fn credential(&self) -> Rule {
        let (observed, guesses) = (Arc::clone(&self.observed), Arc::clone(&self.guesses));
        let item = GetItemOutput::builder()
            .item("email", s("ada@example.com"))
            .item("user_id", s(&user_id().to_string()))
            .item("hash", s(&self.hash))
            .item("status", s(self.status))
            .item("session_epoch", n("1"));
        mock!(Client::get_item)
            .match_requests(|get| get.table_name() == Some("credentials"))
            .then_compute_output(move |get| {
                observed
                    .lock()
                    .unwrap()
                    .requests
                    .push(("GetItem", "credentials"));
                if get.key().unwrap()["email"] != s("ada@example.com") {
                    return GetItemOutput::builder().build();
                }
                let guesses = *guesses.lock().unwrap();
                // Most accounts have neither attribute.
                let item = match guesses.failures {
                    0 => item.clone(),
                    failures => item.clone().item("failures", n(&failures.to_string())),
                };
                match guesses.locked_until {
                    None => item.build(),
                    Some(until) => item.item("locked_until", n(&until.to_string())).build(),
                }
            })
    }

    fn user(&self) -> Rule {
        let observed = Arc::clone(&self.observed);
        let rule = mock!(Client::get_item).match_requests(move |get| {
            let is_user = get.table_name() == Some("users");
            if is_user {
                let mut observed = observed.lock().unwrap();
                observed.work_at_user_read.push(work());
                observed.requests.push(("GetItem", "users"));
            }
            is_user
        });
        match self.user {
            Ok(true) => rule.then_compute_output(|get| {
                if get.key().unwrap()["id"] == s(&user_id().to_string()) {
                    user_item()
                } else {
                    GetItemOutput::builder().build()
                }
            }),
            Ok(false) => rule.then_output(|| GetItemOutput::builder().build()),
            Err(()) => rule.then_error(|| {
                GetItemError::InternalServerError(InternalServerError::builder().build())
            }),
        }
    }

    fn renewal(&self) -> Rule {
        let observed = Arc::clone(&self.observed);
        let rule = mock!(Client::update_item).match_requests(move |update| {
            if update.update_expression() != Some("SET #hash = :new") {
                return false;
            }
            assert_eq!(update.table_name(), Some("credentials"));
            assert_eq!(update.condition_expression(), Some("#hash = :old"));
            let values = update.expression_attribute_values().unwrap();
            let [old, new] = [":old", ":new"].map(|name| values[name].as_s().unwrap().clone());
            observed.lock().unwrap().renewals.push((old, new));
            true
        });
        match self.renewal {
            None => rule.then_output(|| UpdateItemOutput::builder().build()),
            Some(error) => rule.then_error(error),
        }
    }

    /// Counts and claims guesses, and resets the count.
    fn failures(&self) -> Rule {
        let (observed, guesses) = (Arc::clone(&self.observed), Arc::clone(&self.guesses));
        mock!(Client::update_item)
            .match_requests(|update| update.update_expression() != Some("SET #hash = :new"))
            .then_compute_response(move |update| {
                assert_eq!(update.table_name(), Some("credentials"));
                let condition_holds = apply_update(&mut guesses.lock().unwrap(), update);
                let request = if condition_holds {
                    "UpdateItem"
                } else {
                    "UpdateItem, refused"
                };
                observed
                    .lock()
                    .unwrap()
                    .requests
                    .push((request, "credentials"));
                if condition_holds {
                    return MockResponse::Output(UpdateItemOutput::builder().build());
                }
                let failed = ConditionalCheckFailedException::builder().build();
                MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(failed))
            })
    }

    fn session(&self) -> Rule {
        let observed = Arc::clone(&self.observed);
        let rule = mock!(Client::put_item).match_requests(move |put| {
            let mut observed = observed.lock().unwrap();
            observed.sessions += 1;
            observed.requests.push(("PutItem", "sessions"));
            put.table_name() == Some("sessions")
        });
        if self.session_is_written {
            rule.then_output(|| PutItemOutput::builder().build())
        } else {
            rule.then_error(|| {
                PutItemError::InternalServerError(InternalServerError::builder().build())
            })
        }
    }

    /// The routes of the function with these tables.
    fn app(&self, cost: Cost) -> Router {
        let (credential, user) = (self.credential(), self.user());
        let (renewal, failures) = (self.renewal(), self.failures());
        let session = self.session();
        let key = NewKey::generate(Algorithm::ES256, NOW).unwrap();
        let published = published(&key);
        let rules = [
            &credential,
            &user,
            &renewal,
            &failures,
            &session,
            &published,
        ];
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
        let env = Env::from([
            ("CREDENTIALS_TABLE", "credentials"),
            ("USERS_TABLE", "users"),
            ("SESSIONS_TABLE", "sessions"),
            ("PARAMETER_PATH", "/cloakroom/dev/keys/private"),
            ("PUBLIC_KEYS_TABLE", "public-keys"),
            ("PARAMETER_CACHE_SECONDS", "300"),
            ("BCRYPT_COST", &cost.to_string()),
            ("ISSUER", "https://api.example.com"),
            ("AUDIENCE", "cloakroom"),
            ("ACCESS_TOKEN_SECONDS", "900"),
        ]);
        let clock = Clock::fixed(NOW);
        let credentials = Credentials::from_env(&env, &client).unwrap();
        let app = App {
            passwords: Passwords::from_env(&env, &credentials, clock.clone()).unwrap(),
            credentials,
            users: Users::from_env(&env, &client).unwrap(),
            sessions: Sessions::from_env(&env, &client).unwrap(),
            issuer: TokenIssuer::from_env(&env, &parameter_store(&key), &client, clock.clone())
                .unwrap(),
            session_lifetime: time::Duration::days(30),
            clock: clock.clone(),
        };
        http_api::with_middleware(router(app), clock, http_api::RequestLog::discarded())
    }

    pub(super) async fn sign_in(
        &self,
        cost: Cost,
        email: &str,
        password: &str,
    ) -> (StatusCode, Value) {
        let body = json!({"email": email, "password": password}).to_string();
        let request = Request::post("/signin").header("content-type", "application/json");
        let request = request.body(Body::from(body)).unwrap();
        let response = self.app(cost).oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

/// Applies an update of the failure count, and returns whether its condition held.
fn apply_update(guesses: &mut Guesses, update: &UpdateItemInput) -> bool {
    let key = update.key().unwrap()["email"].as_s().unwrap();
    if key.starts_with("decoy#") {
        return true;
    }
    let values = update.expression_attribute_values().unwrap();
    let number = |name: &str| -> Option<i128> { values.get(name)?.as_n().unwrap().parse().ok() };
    let is_own = update.key().unwrap()["email"] == s("ada@example.com")
        && values[":owner"] == s(&user_id().to_string());
    let expression = update.update_expression().unwrap();
    if expression.starts_with("REMOVE failures, locked_until") {
        *guesses = Guesses::default();
        return is_own;
    }
    let is_claim = expression.starts_with("SET failures = :next, locked_until = :until");
    let holds = if is_claim {
        number(":seen") == Some(guesses.failures.into()) && guesses.locked_until <= number(":now")
    } else {
        assert!(expression.starts_with("SET failures = if_not_exists(failures, :zero) + :one"));
        guesses.locked_until.is_none()
    };
    if is_own && holds {
        guesses.failures += 1;
        guesses.locked_until = number(":until");
    }
    is_own && holds
}

fn user_id() -> UserId {
    UserId::parse("01890000-0000-7000-8000-000000000001").unwrap()
}

fn user_item() -> GetItemOutput {
    GetItemOutput::builder()
        .item("id", s(&user_id().to_string()))
        .item("email", s("ada@example.com"))
        .item("email_canonical", s("ada@example.com"))
        .item("name", s("Ada"))
        .item("profile", AttributeValue::M(HashMap::new()))
        .item("version", n("1"))
        .item("created_at", s("2026-01-01T00:00:00Z"))
        .item("updated_at", s("2026-01-01T00:00:00Z"))
        .build()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

/// The table of public keys, with one key.
fn published(key: &NewKey) -> Rule {
    let (kid, value) = (key.kid.clone(), key.public.expose_secret().to_owned());
    mock!(Client::scan)
        .match_requests(|scan| scan.table_name() == Some("public-keys"))
        .then_compute_output(move |_| {
            let item = [("kid".to_owned(), s(&kid)), ("value".to_owned(), s(&value))];
            ScanOutput::builder().items(HashMap::from(item)).build()
        })
}

/// A parameter store with one private key.
fn parameter_store(key: &NewKey) -> SdkConfig {
    let page = json!({"Parameters": [{
        "Name": format!("/cloakroom/dev/keys/private/{}", key.kid),
        "Value": key.private.expose_secret(),
    }]});
    let http = infallible_client_fn(move |_| http::Response::new(page.to_string()));
    let env = Env::from([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    settings::aws::sdk_config(&env)
        .unwrap()
        .into_builder()
        .http_client(http)
        .build()
}
