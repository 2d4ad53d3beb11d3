/// Why a key set cannot be used. Names the parameter and the problem, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There are no key parameters.
    #[error("there are no keys: run `cloakroom secrets init`")]
    NoKeys,
    /// One of the keys is invalid. Then the whole set is refused, because half a set is an unfinished rotation.
    #[error("key parameter {name:?}: {problem}")]
    Broken {
        /// The name of the parameter, relative to the path of the keys.
        name: String,
        /// The problem.
        problem: KeyProblem,
    },
}

/// A problem of a key parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Not JSON, or a member is missing, duplicate or of the wrong type.
    #[error("is not a JSON object with the members of a key")]
    Malformed,
    /// `kid` is not the last segment of the parameter's name.
    #[error("its kid is not its name")]
    KidMismatch,
    /// Two parameters have the same name.
    #[error("is duplicate")]
    Duplicate,
    /// `alg` is not one of HS256, RS256, ES256, `EdDSA`.
    #[error("its alg is not one of HS256, RS256, ES256, EdDSA")]
    UnknownAlgorithm,
    /// `alg` does not match `kty` or `crv`.
    #[error("its alg does not match its kty or crv")]
    AlgorithmMismatch,
    /// `use` is present and not `sig`.
    #[error("its use is not sig")]
    NotForSignatures,
    /// A public key with private members.
    #[error("is a private key, but must be a public one")]
    PrivateMembers,
    /// HMAC under 32 bytes (RFC 7518, section 3.2) or RSA under 2048 bits (section 3.3).
    #[error("is too short: HS256 needs 32 bytes, RS256 2048 bits")]
    TooShort,
    /// The bytes are not a key of the algorithm.
    #[error("is not a valid key of its algorithm")]
    Invalid,
    /// A private key whose public half is not published, so that its tokens could not be verified.
    #[error("is a private key whose public half is not published")]
    NotPublished,
    /// A private key whose published half belongs to another key.
    #[error("is a private key that does not match the published one")]
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
