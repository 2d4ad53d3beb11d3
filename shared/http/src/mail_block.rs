use domain::MailBlock;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Timestamp;

/// Why no mail is sent to an address. The block ends after 180 days, or by `DELETE /admin/users/{id}/mail-block`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailBlock)]
pub struct MailBlockView {
    /// `bounce`: the mail server of the address refuses its mail. `complaint`: the recipient marked a mail as spam.
    reason: &'static str,
    /// When it was reported.
    since: Timestamp,
}

impl MailBlockView {
    /// Creates the view of a block.
    #[must_use]
    pub fn of(block: MailBlock) -> Self {
        Self {
            reason: block.reason.as_str(),
            since: Timestamp(block.since),
        }
    }
}
