use std::sync::Arc;

use super::{SigningKeys, VerifyingKeys};

/// Private keys, and the public keys that verify what they sign.
pub struct KeyPairs {
    /// Signs access tokens.
    pub private: SigningKeys,
    /// Verifies access tokens.
    pub public: Arc<VerifyingKeys>,
}
