use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use auth::{
    Caller,
    keys::{Algorithm, NewKey, SigningKeys, VerifyingKeys},
    password::{Cost, PasswordHash, hash},
    token::{self, TokenPolicy},
};
use aws_sdk_dynamodb::{
    Client,
    config::{Builder, retry::RetryConfig},
    operation::{
        get_item::GetItemOutput,
        scan::ScanOutput,
        transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput},
        update_item::UpdateItemOutput,
    },
    types::{
        AttributeValue, CancellationReason, TransactWriteItem, error::TransactionCanceledException,
    },
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use axum::body::{Body, Bytes};
use domain::{Password, Roles, SessionId, UserId};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};
use tower::ServiceExt as _;

use crate::{Clock, Credentials, Env, Inner, Passwords, Sessions, Tokens, Users, router};

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
const ISSUER: &str = "https://api.example.com";

/// The database's reply to a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    Committed,
    /// Cancelled, with these reasons of its parts.
    Refused(&'static [&'static str]),
    /// No reply arrived.
    Lost,
}

/// A transaction that was requested.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) token: String,
    pub(super) parts: Vec<TransactWriteItem>,
}

/// The items of one account, and the transactions that were requested.
pub(super) struct Tables {
    /// The stored hashes that consecutive reads return; the last one is repeated.
    pub(super) hashes: Vec<PasswordHash>,
    pub(super) status: &'static str,
    /// Whether the account is locked after wrong passwords.
    pub(super) is_locked: bool,
    pub(super) owner: UserId,
    pub(super) user_exists: bool,
    /// The replies to transactions, in order.
    pub(super) replies: Vec<Reply>,
    pub(super) transactions: Arc<Mutex<Vec<Transaction>>>,
}

impl Tables {
    pub(super) fn new<'a>(
        hashes: impl IntoIterator<Item = &'a PasswordHash>,
        replies: &[Reply],
    ) -> Self {
        Self {
            hashes: hashes.into_iter().cloned().collect(),
            status: "active",
            is_locked: false,
            owner: user_id(),
            user_exists: true,
            replies: replies.to_vec(),
            transactions: Arc::default(),
        }
    }

    /// Returns the transactions since the last call.
    pub(super) fn take_transactions(&self) -> Vec<Transaction> {
        std::mem::take(&mut self.transactions.lock().unwrap())
    }

    fn credential(&self) -> Rule {
        let hashes = Mutex::new(VecDeque::from(self.hashes.clone()));
        let (owner, status) = (self.owner.to_string(), self.status);
        let locked_until = (NOW + time::Duration::minutes(1)).unix_timestamp() * 1_000;
        let locked_until = self.is_locked.then(|| n(&locked_until.to_string()));
        mock!(Client::get_item)
            .match_requests(|get| get.table_name() == Some("credentials"))
            .then_compute_output(move |_| {
                let mut hashes = hashes.lock().unwrap();
                let hash = hashes[0].clone();
                if hashes.len() > 1 {
                    hashes.pop_front();
                }
                let item = GetItemOutput::builder()
                    .item("user_id", s(&owner))
                    .item("hash", s(hash.as_str()))
                    .item("status", s(status))
                    .item("session_epoch", n("1"));
                match locked_until.clone() {
                    Some(until) => item.item("failures", n("5")).item("locked_until", until),
                    None => item,
                }
                .build()
            })
    }

    fn user(&self) -> Rule {
        let exists = self.user_exists;
        mock!(Client::get_item)
            .match_requests(|get| get.table_name() == Some("users"))
            .then_compute_output(move |_| {
                if exists {
                    user_item()
                } else {
                    GetItemOutput::builder().build()
                }
            })
    }

    fn transact(&self) -> Rule {
        let transactions = Arc::clone(&self.transactions);
        let rule = mock!(Client::transact_write_items).match_requests(move |transact| {
            transactions.lock().unwrap().push(Transaction {
                token: transact.client_request_token().unwrap().to_owned(),
                parts: transact.transact_items().to_vec(),
            });
            true
        });
        let script = self
            .replies
            .iter()
            .fold(rule.sequence(), |script, reply| match *reply {
                Reply::Committed => script.output(|| TransactWriteItemsOutput::builder().build()),
                Reply::Refused(codes) => script.error(move || cancelled(codes)),
                Reply::Lost => script.http_status(500, None),
            });
        script.build()
    }

    /// Sends a request of the account's owner.
    pub(super) async fn request(&self, method: &str, path: &str, body: &Value) -> Response {
        let (credential, user, transact) = (self.credential(), self.user(), self.transact());
        let record_failure = mock!(Client::update_item)
            .match_requests(|update| update.table_name() == Some("credentials"))
            .then_output(|| UpdateItemOutput::builder().build());
        let key = NewKey::generate(Algorithm::ES256, NOW).unwrap();
        let published = published(&key);
        let rules = [&credential, &user, &transact, &record_failure, &published];
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules, retries);
        let app = http_api::with_middleware(
            router(inner(&client)),
            Clock::fixed(NOW),
            http_api::RequestLog::discarded(),
        );
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", access_token(&key)))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        let response = app.oneshot(request.unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        Response {
            status: parts.status,
            code: problem["code"].as_str().map(str::to_owned),
            has_retry_after: parts.headers.contains_key("retry-after"),
            body,
        }
    }
}

/// The parts of a response that the tests compare.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    status: StatusCode,
    code: Option<String>,
    has_retry_after: bool,
    body: Bytes,
}

impl Response {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn is(&self, status: u16, code: &str) -> bool {
        self.status.as_u16() == status
            && self.code.as_deref().unwrap_or_default() == code
            && self.has_retry_after == (status == 503)
    }
}

/// Retries as `settings::aws` configures them; mocks have none by default.
fn retries(config: Builder) -> Builder {
    config.retry_config(RetryConfig::standard().with_max_attempts(6))
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

fn inner(client: &Client) -> Inner {
    let env = Env::from([
        ("CREDENTIALS_TABLE", "credentials"),
        ("USERS_TABLE", "users"),
        ("SESSIONS_TABLE", "sessions"),
        ("PUBLIC_KEYS_TABLE", "public-keys"),
        ("PARAMETER_CACHE_SECONDS", "300"),
        ("ISSUER", ISSUER),
        ("AUDIENCE", "cloakroom"),
        ("BCRYPT_COST", &cost().to_string()),
    ]);
    let credentials = Credentials::from_env(&env, client).unwrap();
    Inner {
        passwords: Passwords::from_env(&env, &credentials, Clock::fixed(NOW)).unwrap(),
        credentials,
        users: Users::from_env(&env, client).unwrap(),
        sessions: Sessions::from_env(&env, client).unwrap(),
        tokens: Tokens::from_env(&env, client, Clock::fixed(NOW)).unwrap(),
        clock: Clock::fixed(NOW),
    }
}

fn access_token(key: &NewKey) -> String {
    let kid = key.kid.as_str();
    let public = VerifyingKeys::from_parameters([(kid, &key.public)]).unwrap();
    let private = SigningKeys::from_parameters([(kid, &key.private)], &public).unwrap();
    let policy = TokenPolicy {
        issuer: ISSUER.to_owned(),
        audience: "cloakroom".to_owned(),
    };
    let caller = Caller {
        user_id: user_id(),
        session_id: SessionId::parse("01890000-0000-7000-8000-00000000000a").unwrap(),
        roles: Roles::new(),
    };
    let key = private.current(NOW).unwrap();
    let token = token::issue(key, &policy, time::Duration::minutes(15), &caller, NOW).unwrap();
    token.expose().to_owned()
}

fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
    let reason = |code: &&str| CancellationReason::builder().code(*code).build();
    let cancelled = TransactionCanceledException::builder()
        .set_cancellation_reasons(Some(codes.iter().map(reason).collect()));
    TransactWriteItemsError::TransactionCanceledException(cancelled.build())
}

pub(super) fn user_id() -> UserId {
    UserId::parse("01890000-0000-7000-8000-000000000001").unwrap()
}

pub(super) fn cost() -> Cost {
    Cost::new(4).unwrap()
}

pub(super) async fn hash_of(password: &str) -> PasswordHash {
    hash(&Password::parse(password).unwrap(), cost())
        .await
        .unwrap()
}

fn user_item() -> GetItemOutput {
    GetItemOutput::builder()
        .item("id", s(&user_id().to_string()))
        .item("email", s("Ada@example.com"))
        .item("email_canonical", s("ada@example.com"))
        .item("name", s("Ada"))
        .item("profile", AttributeValue::M(HashMap::new()))
        .item("version", n("1"))
        .item("created_at", s("2026-01-01T00:00:00Z"))
        .item("updated_at", s("2026-01-01T00:00:00Z"))
        .build()
}

pub(super) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}
