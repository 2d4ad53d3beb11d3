use time::{Duration, OffsetDateTime};

/// How long a block is kept. Afterwards mail is tried again: mailboxes are created and people change their minds.
const LIFETIME: Duration = Duration::days(180);

/// Why no mail is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailBlockReason {
    /// The mail server of the address refuses mail to it permanently.
    Bounce,
    /// The recipient marked a mail as spam.
    Complaint,
}

impl MailBlockReason {
    /// All reasons.
    pub const ALL: [Self; 2] = [Self::Bounce, Self::Complaint];

    /// Returns the word in the table, the log and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }

    /// Returns the reason with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// The mark of an address to which no mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailBlock {
    /// Why.
    pub reason: MailBlockReason,
    /// When the bounce or the complaint was reported.
    pub since: OffsetDateTime,
}

impl MailBlock {
    /// Returns when the block ends by itself: after 180 days.
    #[must_use]
    pub fn expires_at(self) -> OffsetDateTime {
        self.since + LIFETIME
    }

    /// Whether the block still holds.
    #[must_use]
    pub fn holds(self, now: OffsetDateTime) -> bool {
        now < self.expires_at()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn each_reason_has_a_word_of_its_own() {
        for reason in MailBlockReason::ALL {
            assert_eq!(MailBlockReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(MailBlockReason::parse("Bounce"), None);
    }

    #[test]
    fn a_block_holds_for_180_days() {
        let since = datetime!(2026-01-01 00:00:00 UTC);
        let block = MailBlock {
            reason: MailBlockReason::Bounce,
            since,
        };
        assert!(block.holds(since));
        assert!(block.holds(since + Duration::days(180) - Duration::MILLISECOND));
        assert!(!block.holds(since + Duration::days(180)));
    }
}
