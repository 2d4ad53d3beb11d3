//! The secret access keys for the engines. All are derived from the operator's, which is random for each data directory
//! (docs/adr/0028-local-engines-for-programs-of-this-machine.md).

use std::{fs, io, path::Path};

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{files, iam::OPERATOR_KEY};

/// The length of the operator's secret in bytes: the output size of HMAC-SHA256.
const LENGTH: usize = 32;

/// Derives the secret of an access key from the operator's secret, in hexadecimal.
///
/// The operator is allowed every action, so the other secrets are derived from its secret. A function cannot derive
/// another secret from its own.
#[must_use]
pub fn secret_key(operator_secret: &str, access_key_id: &str) -> String {
    if access_key_id == OPERATOR_KEY {
        return operator_secret.to_owned();
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, operator_secret.as_bytes());
    hex(hmac::sign(&key, access_key_id.as_bytes()).as_ref())
}

/// The secret access keys of one system.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    operator: SecretString,
}

impl Keys {
    /// Generates a new operator's secret.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| io::Error::other("the operating system provides no random bytes"))?;
        Ok(Self {
            operator: hex(&bytes).into(),
        })
    }

    /// Reads the operator's secret from the file at `path`, or generates one and writes the file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = Self::random()?;
                files::write_private(path, keys.operator().as_bytes())?;
                return Ok(keys);
            }
            Err(error) => return Err(error),
        };
        let is_secret =
            text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_secret {
            let message =
                "the file has no valid secret key; delete it and start again to create a new one";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(Self {
            operator: text.into(),
        })
    }

    /// Returns the operator's secret.
    pub(crate) fn operator(&self) -> &str {
        self.operator.expose_secret()
    }

    /// Derives the secret of an access key.
    pub(crate) fn secret_of(&self, access_key_id: &str) -> SecretString {
        secret_key(self.operator(), access_key_id).into()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_access_key_has_a_different_secret() {
        let keys = Keys::random().unwrap();
        let secret = |id: &str| keys.secret_of(id).expose_secret().to_owned();
        assert_eq!(secret(OPERATOR_KEY), keys.operator());
        assert_ne!(secret("LOCALA"), keys.operator());
        assert_ne!(secret("LOCALA"), secret("LOCALB"));
        assert_ne!(
            secret("LOCALA"),
            secret_key(Keys::random().unwrap().operator(), "LOCALA")
        );
    }

    /// `ci/local_system.py` derives the same secret.
    #[test]
    fn a_secret_is_hmac_sha256_in_hexadecimal() {
        assert_eq!(
            secret_key("key", "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
        );
    }

    #[test]
    fn a_secret_is_stored_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret-key");
        let first = Keys::open(&path).unwrap();
        let second = Keys::open(&path).unwrap();
        assert_eq!(first.operator(), second.operator());
        fs::write(&path, "").unwrap();
        assert!(Keys::open(&path).is_err());
    }

    #[test]
    fn a_secret_is_not_printed() {
        let keys = Keys::random().unwrap();
        assert!(!format!("{keys:?}").contains(keys.operator()));
    }
}
