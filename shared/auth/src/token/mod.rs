//! Access tokens: JWTs of the profile of RFC 9068, verified by the rules of RFC 8725.

mod claims;
mod header;
mod issue;
mod verify;

pub use issue::{AccessToken, IssueError, issue};
pub use verify::{TokenError, verify};

/// The accepted issuer and audience. They are the same where tokens are issued and where they are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// `iss`, compared exactly: the URL without a trailing slash.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// `typ` of an access token (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

#[cfg(test)]
mod tests;
