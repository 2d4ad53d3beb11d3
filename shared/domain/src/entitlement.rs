use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::{OrderId, ProductId, UserId};

/// Where a right to a product comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// An order.
    Order(OrderId),
    /// A gift of an administrator.
    Gift,
}

const GIFT: &str = "gift";
const ORDER: &str = "order#";

impl Source {
    /// The word in tables.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Order(id) => format!("{ORDER}{id}"),
            Self::Gift => GIFT.to_owned(),
        }
    }

    /// Parses [`Source::word`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.strip_prefix(ORDER) {
            Some(id) => OrderId::parse(id).ok().map(Self::Order),
            None => (word == GIFT).then_some(Self::Gift),
        }
    }
}

/// What a source last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The version of the source that said it.
    pub version: u64,
    /// Whether it gives the right.
    pub gives: bool,
}

/// The right of a user to a product: a set of sources. It ends when the last source goes, so a refund removes only its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// The user.
    pub user: UserId,
    /// The product.
    pub product: ProductId,
    /// What each source last said. Sources that no longer give the right stay, so that their older events change nothing.
    pub sources: BTreeMap<Source, Claim>,
    /// Counts the changes.
    pub version: u64,
    /// Since when the user has the right, without an interruption.
    pub granted_at: Option<OffsetDateTime>,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Entitlement {
    /// No right yet. Its version 0 is not stored.
    #[must_use]
    pub const fn none(user: UserId, product: ProductId, now: OffsetDateTime) -> Self {
        Self {
            user,
            product,
            sources: BTreeMap::new(),
            version: 0,
            granted_at: None,
            updated_at: now,
        }
    }

    /// Whether the user has the right.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.sources.values().any(|claim| claim.gives)
    }

    /// The version of the gift, if one was ever given: the next change of the gift has the next.
    #[must_use]
    pub fn gift_version(&self) -> u64 {
        let gift = self.sources.get(&Source::Gift);
        gift.map_or(0, |claim| claim.version)
    }

    /// Applies what a source says. `None`: it is not newer than what the source said before.
    #[must_use]
    pub fn claim(&self, source: Source, claim: Claim, now: OffsetDateTime) -> Option<Self> {
        let known = self.sources.get(&source);
        if known.is_some_and(|known| known.version >= claim.version) {
            return None;
        }
        let mut next = self.clone();
        next.sources.insert(source, claim);
        next.version += 1;
        next.updated_at = now;
        next.granted_at = match (self.granted_at, next.is_active()) {
            (_, false) => None,
            (Some(since), true) => Some(since),
            (None, true) => Some(now),
        };
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-01-02 00:00:00 UTC);

    fn order(n: u8) -> Source {
        Source::Order(OrderId::from_bytes([n; 16]))
    }

    const fn claim(version: u64, gives: bool) -> Claim {
        Claim { version, gives }
    }

    #[test]
    fn a_right_ends_when_its_last_source_goes() {
        let none = Entitlement::none(UserId::new(NOW), ProductId::new(NOW), NOW);
        assert!(!none.is_active());
        let bought = none.claim(order(1), claim(2, true), NOW).unwrap();
        let gifted = bought.claim(Source::Gift, claim(1, true), LATER).unwrap();
        assert_eq!((gifted.granted_at, gifted.version), (Some(NOW), 2));
        let refunded = gifted.claim(order(1), claim(3, false), LATER).unwrap();
        assert!(refunded.is_active());
        let taken = refunded
            .claim(Source::Gift, claim(2, false), LATER)
            .unwrap();
        assert!(!taken.is_active() && taken.granted_at.is_none());
        assert_eq!(taken.gift_version(), 2);
        let again = taken.claim(order(2), claim(2, true), LATER).unwrap();
        assert_eq!(again.granted_at, Some(LATER));
    }

    #[test]
    fn claims_of_a_source_end_alike_in_every_order() {
        let none = Entitlement::none(UserId::new(NOW), ProductId::new(NOW), NOW);
        let claims = [claim(2, true), claim(3, false), claim(4, true)];
        let orders = [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ];
        for numbers in orders {
            let mut right = none.clone();
            for number in numbers.into_iter().flat_map(|number| [number; 2]) {
                if let Some(next) = right.claim(order(1), claims[number], NOW) {
                    right = next;
                }
            }
            assert!(right.is_active(), "{numbers:?}");
            assert_eq!(right.sources[&order(1)], claim(4, true));
        }
    }

    #[test]
    fn a_source_has_a_word() {
        for source in [order(1), Source::Gift] {
            assert_eq!(Source::parse(&source.word()), Some(source));
        }
        assert_eq!(Source::parse("order#1"), None);
    }
}
