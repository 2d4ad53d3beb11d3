//! Writes the accounts.

use std::{cmp::Reverse, collections::HashMap};

use auth::password::PasswordHash;
use domain::{Lockout, User, UserId};
use store::{
    ACCOUNTS_PER_WRITE, ADDRESSES_PER_READ, AccountTables, Credential,
    accounts::{self, Import},
};
use time::OffsetDateTime;

use super::{
    Error,
    people::{age_of_account, person},
    resources::Resources,
    work,
};

/// Concurrent requests. Each writes 12 accounts to a system without users, or reads 100 addresses of another.
const CONCURRENCY: usize = 8;

/// What happened to the accounts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accounts {
    pub(super) created: usize,
    /// Were there from an earlier run.
    pub(super) unchanged: usize,
    /// Have an address that another account has.
    pub(super) taken: usize,
}

impl Accounts {
    fn add(&mut self, other: Self) {
        self.created += other.created;
        self.unchanged += other.unchanged;
        self.taken += other.taken;
    }
}

/// The people of a run.
#[derive(Debug, Clone)]
pub(super) struct People {
    pub(super) seed: u64,
    pub(super) count: usize,
    pub(super) until: OffsetDateTime,
    pub(super) hash: PasswordHash,
}

impl People {
    fn account(&self, number: usize) -> Result<(User, Credential), Error> {
        let user = person(self.seed, number, self.until)?;
        let credential = Credential {
            user_id: user.id,
            hash: self.hash.clone(),
            roles: user.roles.clone(),
            status: user.status,
            session_epoch: 1,
            lockout: Lockout::NONE,
        };
        Ok((user, credential))
    }
}

/// Creates the accounts that do not exist.
///
/// A system without users is filled in batches. They have no conditions, so an account that a person creates at the same time
/// could be replaced only if it had one of the reserved addresses. In another system, existing addresses are read, and each
/// missing account is created by a conditional transaction.
pub(super) async fn write(resources: &Resources, people: &People) -> Result<Accounts, Error> {
    let is_empty = resources.users.is_empty().await?;
    let step = if is_empty {
        ACCOUNTS_PER_WRITE
    } else {
        ADDRESSES_PER_READ
    };
    // In the order of the sign-ups, as a database stores them fastest.
    let mut numbers: Vec<_> = (0..people.count).collect();
    numbers.sort_by_cached_key(|number| Reverse(age_of_account(people.seed, *number)));
    let tasks = numbers.chunks(step).map(|numbers| {
        let numbers = numbers.to_vec();
        let (resources, people) = (resources.clone(), people.clone());
        let size = u64::try_from(numbers.len()).unwrap_or_default();
        let task = async move {
            let accounts = numbers.into_iter().map(|number| people.account(number));
            let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
            if is_empty {
                fill(&resources, &accounts).await
            } else {
                complete(&resources, &accounts).await
            }
        };
        (size, task)
    });
    let mut written = Accounts::default();
    let bar = work::progress_bar("accounts", people.count);
    work::run(tasks, CONCURRENCY, &bar, |accounts| written.add(accounts)).await?;
    Ok(written)
}

fn tables(resources: &Resources) -> AccountTables<'_> {
    AccountTables {
        credentials: &resources.credentials,
        users: &resources.users,
    }
}

async fn fill(resources: &Resources, accounts: &[(User, Credential)]) -> Result<Accounts, Error> {
    store::put_accounts(tables(resources), accounts).await?;
    Ok(Accounts {
        created: accounts.len(),
        ..Accounts::default()
    })
}

async fn complete(
    resources: &Resources,
    accounts: &[(User, Credential)],
) -> Result<Accounts, Error> {
    let emails: Vec<_> = accounts.iter().map(|(user, _)| &user.email).collect();
    let existing = resources.credentials.find_user_ids(&emails).await?;
    let mut found = Accounts::default();
    for (user, credential) in accounts {
        match of_user(&existing, user) {
            Some(id) if id == user.id => found.unchanged += 1,
            Some(_) => found.taken += 1,
            None => match accounts::import(tables(resources), user, credential).await? {
                Import::Created => found.created += 1,
                Import::Unchanged => found.unchanged += 1,
                Import::EmailTaken => found.taken += 1,
            },
        }
    }
    Ok(found)
}

fn of_user(existing: &HashMap<String, UserId>, user: &User) -> Option<UserId> {
    existing.get(user.email.canonical()).copied()
}
