//! The kinds of forged access tokens, for the tests of each kind and for the tests of every operation.

use super::{Forger, claims, headers, signatures};

/// A token that no operation accepts.
pub struct Forgery {
    pub token: String,
    /// Names the forgery in assertion messages.
    pub what: String,
}

impl Forgery {
    pub fn new(token: String, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { token, what }
    }
}

/// What makes a token invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    MissingClaim,
    OutsideValidity,
    InvalidTime,
    OtherIssuer,
    OtherAudience,
    InvalidId,
    Unsigned,
    OtherAlgorithm,
    PublicKeyAsSecret,
    UnknownKey,
    OtherType,
    VerificationHeader,
    UnpublishedKey,
    DuplicateMember,
    ChangedContent,
    ChangedSignature,
    OtherEncoding,
    Truncated,
    TooLong,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::MissingClaim,
        Self::OutsideValidity,
        Self::InvalidTime,
        Self::OtherIssuer,
        Self::OtherAudience,
        Self::InvalidId,
        Self::Unsigned,
        Self::OtherAlgorithm,
        Self::PublicKeyAsSecret,
        Self::UnknownKey,
        Self::OtherType,
        Self::VerificationHeader,
        Self::UnpublishedKey,
        Self::DuplicateMember,
        Self::ChangedContent,
        Self::ChangedSignature,
        Self::OtherEncoding,
        Self::Truncated,
        Self::TooLong,
    ];

    /// Forges all tokens of this kind.
    pub fn forge(self, forger: &Forger) -> Vec<Forgery> {
        // The tests of every operation use `ALL`.
        assert!(Self::ALL.contains(&self), "{self:?}");
        match self {
            Self::MissingClaim => claims::with_missing_claims(forger),
            Self::OutsideValidity => claims::outside_validity(forger),
            Self::InvalidTime => claims::with_invalid_times(forger),
            Self::OtherIssuer => claims::with_other_issuers(forger),
            Self::OtherAudience => claims::with_other_audiences(forger),
            Self::InvalidId => claims::with_invalid_ids(forger),
            Self::Unsigned => headers::unsigned(forger),
            Self::OtherAlgorithm => headers::with_other_algorithms(forger),
            Self::PublicKeyAsSecret => headers::signed_with_public_keys_as_secrets(forger),
            Self::UnknownKey => headers::with_unknown_keys(forger),
            Self::OtherType => headers::with_other_types(forger),
            Self::VerificationHeader => headers::with_verification_headers(forger),
            Self::UnpublishedKey => headers::signed_with_unpublished_keys(forger),
            Self::DuplicateMember => headers::with_duplicate_members(forger),
            Self::ChangedContent => signatures::with_changed_content(forger),
            Self::ChangedSignature => signatures::with_changed_signatures(forger),
            Self::OtherEncoding => signatures::other_encodings(forger),
            Self::Truncated => signatures::truncated(forger),
            Self::TooLong => signatures::too_long(forger),
        }
    }
}
