/// A set of keys that cannot be used. Says which parameter and why, never what the parameter holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no parameter at all.
    #[error("there is no key: run `cloakroom secrets init`")]
    NoKeys,
    /// One of the keys is broken. All are refused then: half a key set is a half-finished rotation.
    #[error("key parameter {name:?}: {problem}")]
    Broken {
        /// The parameter, relative to the path of the keys.
        name: String,
        /// What is wrong with it.
        problem: KeyProblem,
    },
}

/// What is wrong with a key parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Not JSON, or a member is missing, doubled or of the wrong type.
    #[error("is not a JSON object with the members of a key")]
    Malformed,
    /// `kid` is not the last segment of the parameter's name.
    #[error("its kid is not its name")]
    KidMismatch,
    /// The same name came twice.
    #[error("is there twice")]
    Duplicate,
    /// `alg` is none of HS256, RS256, ES256, `EdDSA`.
    #[error("its alg is none of HS256, RS256, ES256, EdDSA")]
    UnknownAlgorithm,
    /// `alg` does not go with `kty` (or `crv`).
    #[error("its alg does not fit its kty or crv")]
    AlgorithmMismatch,
    /// `use` is there and not `sig`.
    #[error("its use is not sig")]
    NotForSignatures,
    /// A public key that carries private members.
    #[error("is a private key where a public one belongs")]
    PrivateMembers,
    /// HMAC under 32 bytes (RFC 7518, section 3.2) or RSA under 2048 bits (section 3.3).
    #[error("is too short: HS256 needs 32 bytes, RS256 2048 bits")]
    TooShort,
    /// The bytes are no key of that algorithm.
    #[error("is no valid key of its algorithm")]
    Invalid,
    /// A private key whose public half is not published, so that nobody could verify what it signs.
    #[error("is a private key whose public half is not published")]
    NotPublished,
    /// A private key whose published half belongs to another key.
    #[error("is a private key that does not belong to the published one")]
    NotAPair,
}

impl KeyProblem {
    pub(super) fn of(self, name: &str) -> KeyError {
        KeyError::Broken {
            name: name.to_owned(),
            problem: self,
        }
    }
}
