//! Many guesses at one account, with an in-memory item and a clock that the tests set.

use std::sync::{Arc, Mutex};

use auth::password::{PasswordHash, hash, work};
use aws_sdk_dynamodb::{
    Client,
    operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput},
    types::error::ConditionalCheckFailedException,
};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use domain::{Password, Roles};
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::task::JoinSet;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
const PASSWORD: &str = "analytical engine";

/// The failure count of the item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Guesses {
    failures: u64,
    /// Milliseconds since 1970.
    locked_until: Option<i128>,
}

impl Guesses {
    /// Applies an update, and returns whether its condition held.
    fn update(&mut self, update: &UpdateItemInput) -> bool {
        let key = update.key().unwrap()["email"].as_s().unwrap();
        if key.starts_with("decoy#") {
            return true;
        }
        let values = update.expression_attribute_values().unwrap();
        let number =
            |name: &str| -> Option<i128> { values.get(name)?.as_n().unwrap().parse().ok() };
        let is_claim = values.contains_key(":seen");
        let is_count = values.contains_key(":one");
        let holds = match (is_claim, is_count) {
            (true, _) => {
                number(":seen") == Some(self.failures.into()) && self.locked_until <= number(":now")
            }
            (_, true) => self.locked_until.is_none(),
            _ => {
                *self = Self::default();
                return true;
            }
        };
        if holds {
            self.failures += 1;
            self.locked_until = number(":until");
        }
        holds
    }
}

#[derive(Clone)]
struct Account {
    passwords: Passwords,
    hash: PasswordHash,
    guesses: Arc<Mutex<Guesses>>,
    now: Arc<Mutex<OffsetDateTime>>,
}

impl Account {
    async fn new() -> Self {
        let guesses: Arc<Mutex<Guesses>> = Arc::default();
        let item = Arc::clone(&guesses);
        let rule = mock!(Client::update_item).then_compute_response(move |update| {
            if item.lock().unwrap().update(update) {
                return MockResponse::Output(UpdateItemOutput::builder().build());
            }
            let failed = ConditionalCheckFailedException::builder().build();
            MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(failed))
        });
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
        let env = Env::from([("CREDENTIALS_TABLE", "credentials"), ("BCRYPT_COST", "4")]);
        let credentials = Credentials::from_env(&env, &client).unwrap();
        let now = Arc::new(Mutex::new(NOW));
        let clock = {
            let now = Arc::clone(&now);
            Clock::from_fn(move || *now.lock().unwrap())
        };
        let passwords = Passwords::from_env(&env, &credentials, clock).unwrap();
        let password = Password::parse(PASSWORD).unwrap();
        let hash = hash(&password, passwords.cost()).await.unwrap();
        Self {
            passwords,
            hash,
            guesses,
            now,
        }
    }

    /// Reads the credential as a request does.
    fn read(&self) -> Credential {
        let Guesses {
            failures,
            locked_until,
        } = *self.guesses.lock().unwrap();
        let time = |until| OffsetDateTime::from_unix_timestamp_nanos(until * 1_000_000).unwrap();
        Credential {
            user_id: owner(),
            hash: self.hash.clone(),
            roles: Roles::new(),
            status: Status::Active,
            session_epoch: 1,
            lockout: Lockout {
                failed: FailedAttempts::new(failures),
                locked_until: locked_until.map(time),
            },
        }
    }

    /// Returns whether a guess is accepted.
    async fn guess(&self, credential: Credential, password: &str) -> bool {
        let guess = Guess {
            email: &Email::parse("ada@example.com").unwrap(),
            owner: owner(),
            credential: Some(&credential),
            attempt: &PasswordAttempt::parse(password).unwrap(),
            request_id: "request",
        };
        self.passwords.check(&guess).await.unwrap() == Verdict::Match
    }
}

fn owner() -> UserId {
    UserId::parse("01890000-0000-7000-8000-000000000001").unwrap()
}

/// Guesses at equal intervals for over a quarter of an hour, in which the waits double.
#[tokio::test]
async fn guesses_for_a_thousand_seconds_compare_the_hash_14_times() {
    let guesses: u32 = if std::env::var("CLOAKROOM_STRESS").is_ok_and(|value| value == "full") {
        10_000
    } else {
        1_000
    };
    let account = Account::new().await;
    let before = work();
    for i in 0..guesses {
        assert!(!account.guess(account.read(), &format!("guess {i}")).await);
        *account.now.lock().unwrap() += Duration::seconds(1_000) / guesses;
    }
    // Each comparison with the hash adds one failure: 5, and one after each wait of 1, 2 … 256 s.
    assert_eq!(account.guesses.lock().unwrap().failures, 5 + 9);
    assert!(
        work() - before >= u64::from(guesses) << 4,
        "each guess costs the same"
    );

    assert!(
        !account.guess(account.read(), PASSWORD).await,
        "the right password is refused while the account is locked"
    );
    *account.now.lock().unwrap() += Duration::minutes(15);
    assert!(account.guess(account.read(), PASSWORD).await);
    assert_eq!(*account.guesses.lock().unwrap(), Guesses::default());
    assert!(account.guess(account.read(), PASSWORD).await);
}

#[tokio::test]
async fn one_of_many_concurrent_guesses_after_a_wait_is_verified() {
    let account = Account::new().await;
    let millisecond = NOW.unix_timestamp_nanos() / 1_000_000;
    for (failures, locked_until, expected) in [
        (5, Some(millisecond), 6),
        (15, Some(millisecond - 1), 16),
        (5, Some(millisecond + 1), 5),
        // After a burst that began without a lock.
        (200, None, 201),
        // A burst without a lock: every guess is counted.
        (0, None, 200),
        // The first guess to be counted locks the account; the others were verified at the same time.
        (4, None, 5),
    ] {
        let guesses = Guesses {
            failures,
            locked_until,
        };
        *account.guesses.lock().unwrap() = guesses;
        let mut burst = JoinSet::new();
        for i in 0..200 {
            let (account, credential) = (account.clone(), account.read());
            burst.spawn(async move { account.guess(credential, &format!("guess {i}")).await });
        }
        let accepted = burst.join_all().await;
        assert!(!accepted.contains(&true), "{guesses:?}");
        assert_eq!(
            account.guesses.lock().unwrap().failures,
            expected,
            "{guesses:?}"
        );
    }
}

#[tokio::test]
async fn one_of_many_concurrent_right_passwords_after_a_wait_is_accepted() {
    let account = Account::new().await;
    let millisecond = NOW.unix_timestamp_nanos() / 1_000_000;
    *account.guesses.lock().unwrap() = Guesses {
        failures: 7,
        locked_until: Some(millisecond),
    };
    let credential = account.read();
    let mut burst = JoinSet::new();
    for _ in 0..20 {
        let (account, credential) = (account.clone(), credential.clone());
        burst.spawn(async move { account.guess(credential, PASSWORD).await });
    }
    let accepted = burst.join_all().await;
    assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
    assert!(account.guess(account.read(), PASSWORD).await);
}
