use domain::upload::{Grantee, ReadGrant};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Timestamp;

/// A grant to read an upload. It has a `grantee` or an `email`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadGrant)]
#[serde(rename_all = "camelCase")]
pub struct ReadGrantView {
    /// The id of a user, or `everyone` for all signed-in users. Absent for a grant to an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "everyone")]
    grantee: Option<String>,
    /// The address of a grant to an address, as the owner wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Email)]
    email: Option<String>,
    granted_at: Timestamp,
}

impl From<&ReadGrant> for ReadGrantView {
    fn from(grant: &ReadGrant) -> Self {
        let (grantee, email) = match &grant.grantee {
            Grantee::Email(email) => (None, Some(email.display().to_owned())),
            Grantee::User(_) | Grantee::Everyone => {
                (Some(store::reader_of(&grant.grantee).to_string()), None)
            }
        };
        Self {
            grantee,
            email,
            granted_at: Timestamp(grant.granted_at),
        }
    }
}
