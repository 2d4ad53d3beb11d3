//! Many guesses at one account, with an item that is a variable, at times of the tests' choosing.

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

/// What the item says of guesses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Guesses {
    failures: u64,
    /// Milliseconds since 1970.
    locked_until: Option<i128>,
}

impl Guesses {
    /// Does what an update says, if its condition holds.
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

    /// As a request finds the account that reads it now.
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

    /// Whether it is let in.
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

/// With a tenth of a second between them: a quarter of an hour and more, in which the waits get longer and longer.
#[tokio::test]
async fn ten_thousand_guesses_compare_the_hash_a_hundred_times_at_most() {
    let account = Account::new().await;
    let before = work();
    for i in 0..10_000 {
        assert!(!account.guess(account.read(), &format!("guess {i}")).await);
        *account.now.lock().unwrap() += Duration::milliseconds(100);
    }
    // Each comparison with the hash is a failure, and nothing else is: 5, and one for each wait that is over, of 1, 2 …
    // 256 s.
    assert_eq!(account.guesses.lock().unwrap().failures, 5 + 9);
    assert!(work() - before >= 10_000 << 4, "each of them cost the same");

    assert!(
        !account.guess(account.read(), PASSWORD).await,
        "the owner waits, too"
    );
    *account.now.lock().unwrap() += Duration::minutes(15);
    assert!(account.guess(account.read(), PASSWORD).await);
    assert_eq!(*account.guesses.lock().unwrap(), Guesses::default());
    assert!(account.guess(account.read(), PASSWORD).await);
}

#[tokio::test]
async fn of_many_guesses_at_once_after_a_wait_one_is_made() {
    let account = Account::new().await;
    let millisecond = NOW.unix_timestamp_nanos() / 1_000_000;
    for (failures, locked_until, expected) in [
        (5, Some(millisecond), 6),
        (15, Some(millisecond - 1), 16),
        (5, Some(millisecond + 1), 5),
        // After a burst that was free when it began.
        (200, None, 201),
        // Here is one: all of it is counted.
        (0, None, 200),
        // Here the first to be counted begins a wait, and the rest was made meanwhile.
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
        let let_in = burst.join_all().await;
        assert!(!let_in.contains(&true), "{guesses:?}");
        assert_eq!(
            account.guesses.lock().unwrap().failures,
            expected,
            "{guesses:?}"
        );
    }
}

#[tokio::test]
async fn of_many_owners_at_once_after_a_wait_one_is_let_in_at_first() {
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
    let let_in = burst.join_all().await;
    assert_eq!(let_in.iter().filter(|is_in| **is_in).count(), 1);
    assert!(account.guess(account.read(), PASSWORD).await);
}
