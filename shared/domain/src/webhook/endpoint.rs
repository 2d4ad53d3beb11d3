use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{EndpointUrl, FailureSpan};
use crate::{EndpointId, Invalid, display_text};

/// The longest description, in characters.
pub const DESCRIPTION_LENGTH: usize = 200;

const DESCRIPTION_TOO_LONG: Invalid = Invalid::new(
    "too_long",
    "The description is too long. Send at most 200 characters.",
);
const DESCRIPTION_CONTROL: Invalid = Invalid::new(
    "control_character",
    "The description contains a control character. Remove it.",
);

/// What an endpoint is for, for administrators. It may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Parses a description, without spaces around it.
    ///
    /// # Errors
    /// When it is too long or contains a control character.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.chars().count() > DESCRIPTION_LENGTH {
            Err(DESCRIPTION_TOO_LONG)
        } else if text.chars().any(display_text::is_control) {
            Err(DESCRIPTION_CONTROL)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The events that an endpoint receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// All events, also those of types that a later version adds.
    All,
    /// The events of these types.
    Types(BTreeSet<String>),
}

impl Subscription {
    /// Whether events of a type are received.
    #[must_use]
    pub fn includes(&self, event_type: &str) -> bool {
        match self {
            Self::All => true,
            Self::Types(types) => types.contains(event_type),
        }
    }
}

/// Why an endpoint does not receive events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableReason {
    /// An administrator disabled it.
    Administrator,
    /// It answered with 410 Gone.
    Gone,
    /// It failed for five days.
    Failing,
}

impl DisableReason {
    const ALL: [Self; 3] = [Self::Administrator, Self::Gone, Self::Failing];

    /// The word in the table and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    /// Parses [`Self::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A receiver of webhooks. Its secrets are kept apart ([`super::Secrets`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The id.
    pub id: EndpointId,
    /// Where webhooks are sent.
    pub url: EndpointUrl,
    /// Which events it receives.
    pub subscription: Subscription,
    /// What it is for.
    pub description: Description,
    /// Why it receives no events; `None` while it is enabled.
    pub disabled: Option<DisableReason>,
    /// The failures since the last success.
    pub failing: Option<FailureSpan>,
    /// Grows with each change.
    pub version: u64,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was changed last.
    pub updated_at: OffsetDateTime,
}

impl Endpoint {
    /// Whether it receives events.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled.is_none()
    }

    /// Whether it receives events of a type.
    #[must_use]
    pub fn receives(&self, event_type: &str) -> bool {
        self.is_enabled() && self.subscription.includes(event_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_short_and_without_control_characters() {
        assert_eq!(Description::parse(" CRM ").unwrap().as_str(), "CRM");
        assert_eq!(Description::parse("").unwrap().as_str(), "");
        assert!(Description::parse(&"\u{e9}".repeat(200)).is_ok());
        assert_eq!(
            Description::parse(&"a".repeat(201)),
            Err(DESCRIPTION_TOO_LONG)
        );
        assert_eq!(Description::parse("a\nb"), Err(DESCRIPTION_CONTROL));
    }

    #[test]
    fn a_subscription_to_all_includes_new_types() {
        assert!(Subscription::All.includes("later.added"));
        let some = Subscription::Types(["order.paid".to_owned()].into());
        assert!(some.includes("order.paid") && !some.includes("order.failed"));
    }

    #[test]
    fn each_reason_has_a_word_of_its_own() {
        for reason in DisableReason::ALL {
            assert_eq!(DisableReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(DisableReason::parse("none"), None);
    }
}
