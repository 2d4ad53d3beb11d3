use std::{fmt, str::FromStr as _};

use bcrypt::{HashParts, Version};
use domain::{Password, PasswordAttempt};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Cost, count, hashing};
use crate::random::{self, NoRandomness};

/// A bcrypt hash in modular crypt format: `$2b$`, two digits of cost, `$`, 22 characters of salt, 31 of hash.
/// `$2a$` and `$2y$` of other libraries are equivalent for passwords of up to 71 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: String,
    cost: Cost,
    salt: [u8; 16],
}

/// Not a supported bcrypt hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a $2a$, $2b$ or $2y$ bcrypt hash with a cost from 4 to 16")]
pub struct BadHash;

/// Why hashing failed. The password is never the cause.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// The operating system returned no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The bcrypt library failed.
    #[error("bcrypt")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The blocking thread ended without a result.
    #[error("the hashing thread ended early")]
    Thread(#[from] tokio::task::JoinError),
}

impl PasswordHash {
    /// Parses a stored hash.
    ///
    /// # Errors
    /// When it is not a bcrypt hash, is of the broken version `$2x$`, or has an unsupported cost.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let parts = HashParts::from_str(text).map_err(|_| BadHash)?;
        let version = match text.get(..4) {
            Some("$2a$") => Version::TwoA,
            Some("$2b$") => Version::TwoB,
            Some("$2y$") => Version::TwoY,
            _ => return Err(BadHash),
        };
        // The library accepts `+4` as a cost; each hash must have exactly one text.
        if parts.format_for_version(version) != text {
            return Err(BadHash);
        }
        let cost = Cost::new(parts.get_cost()).map_err(|_| BadHash)?;
        Ok(Self {
            text: text.to_owned(),
            cost,
            salt: parts.get_salt_raw(),
        })
    }

    /// Returns the text. Use it only for the credentials table.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns its cost.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// Returns its salt, from which [`hash_with_salt`] computes the same hash of the same password.
    #[must_use]
    pub const fn salt(&self) -> [u8; 16] {
        self.salt
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// Hashes a password with a new salt, on a blocking thread.
///
/// # Errors
/// When the operating system returns no random bytes, or the thread ends early.
pub async fn hash(password: &Password, cost: Cost) -> Result<PasswordHash, HashingError> {
    hash_with_salt(password, cost, random::bytes()?).await
}

/// Hashes a verified password at another cost. Rules for new passwords do not apply to it.
///
/// # Errors
/// When the operating system returns no random bytes, or the thread ends early.
pub async fn rehash(matched: &PasswordAttempt, cost: Cost) -> Result<PasswordHash, HashingError> {
    hash_text(matched.expose(), cost, random::bytes()?).await
}

/// Hashes a password with the salt of an earlier hash, so that a repeated request has the same hash.
///
/// # Errors
/// When the thread ends early.
pub async fn hash_with_salt(
    password: &Password,
    cost: Cost,
    salt: [u8; 16],
) -> Result<PasswordHash, HashingError> {
    hash_text(password.expose(), cost, salt).await
}

async fn hash_text(
    password: &str,
    cost: Cost,
    salt: [u8; 16],
) -> Result<PasswordHash, HashingError> {
    let password = SecretString::from(password);
    let hashed = hashing(move || {
        let password = password.expose_secret().as_bytes();
        let hash = bcrypt::non_truncating_hash_with_salt(password, cost.get(), salt);
        count(cost);
        hash
    });
    let text = hashed.await??.format_for_version(Version::TwoB);
    Ok(PasswordHash { text, cost, salt })
}
