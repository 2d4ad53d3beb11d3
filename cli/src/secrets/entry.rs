use secrecy::SecretString;
use time::OffsetDateTime;

/// A parameter, or a public key in its table.
pub(super) struct Entry {
    /// Name relative to the path of the stack: `keys/public/{kid}` for a public key.
    pub(super) name: String,
    /// Name of the parameter, or table and key id.
    pub(super) full_name: String,
    /// `SecureString`, another type of Parameter Store, or `DynamoDB` for an item of the table.
    pub(super) kind: &'static str,
    pub(super) version: i64,
    pub(super) modified: Option<OffsetDateTime>,
    pub(super) value: Option<SecretString>,
}
