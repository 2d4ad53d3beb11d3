//! Every kind of forged access token. The tests of one kind and the test of all operations take their tokens from here.

use super::{Forger, claims, headers, signatures};

/// A token that no operation accepts.
pub struct Forgery {
    pub token: String,
    /// What is wrong with it.
    pub what: String,
}

impl Forgery {
    pub fn new(token: String, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { token, what }
    }
}

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    MissingClaim,
    OutOfTime,
    NotATime,
    OtherIssuer,
    OtherAudience,
    NotAnId,
    UnsignedRequest,
    OtherAlgorithm,
    PublicKeyAsSecret,
    UnknownKey,
    OtherType,
    OwnRules,
    OwnKey,
    MemberTwice,
    ChangedContent,
    ChangedSignature,
    OtherSpelling,
    CutShort,
    TooLong,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::MissingClaim,
        Self::OutOfTime,
        Self::NotATime,
        Self::OtherIssuer,
        Self::OtherAudience,
        Self::NotAnId,
        Self::UnsignedRequest,
        Self::OtherAlgorithm,
        Self::PublicKeyAsSecret,
        Self::UnknownKey,
        Self::OtherType,
        Self::OwnRules,
        Self::OwnKey,
        Self::MemberTwice,
        Self::ChangedContent,
        Self::ChangedSignature,
        Self::OtherSpelling,
        Self::CutShort,
        Self::TooLong,
    ];

    /// All forgeries of this kind.
    pub fn forge(self, forger: &Forger) -> Vec<Forgery> {
        // A kind that is missing there would not be tried on every operation.
        assert!(Self::ALL.contains(&self), "{self:?}");
        match self {
            Self::MissingClaim => claims::without_a_claim(forger),
            Self::OutOfTime => claims::out_of_time(forger),
            Self::NotATime => claims::with_times_that_are_none(forger),
            Self::OtherIssuer => claims::of_other_issuers(forger),
            Self::OtherAudience => claims::for_other_audiences(forger),
            Self::NotAnId => claims::with_ids_that_are_none(forger),
            Self::UnsignedRequest => headers::unsigned(forger),
            Self::OtherAlgorithm => headers::with_other_algorithms(forger),
            Self::PublicKeyAsSecret => headers::signed_with_what_is_public(forger),
            Self::UnknownKey => headers::with_unknown_keys(forger),
            Self::OtherType => headers::of_other_types(forger),
            Self::OwnRules => headers::with_rules_of_their_own(forger),
            Self::OwnKey => headers::with_keys_of_their_own(forger),
            Self::MemberTwice => headers::with_a_member_twice(forger),
            Self::ChangedContent => signatures::of_other_content(forger),
            Self::ChangedSignature => signatures::changed(forger),
            Self::OtherSpelling => signatures::other_spellings(forger),
            Self::CutShort => signatures::cut_short(forger),
            Self::TooLong => signatures::too_long(forger),
        }
    }
}
