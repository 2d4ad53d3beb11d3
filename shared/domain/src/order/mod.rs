use time::{Duration, OffsetDateTime};

use crate::{Money, OrderId, ProductId, UserId, product::Title};

mod facts;
#[cfg(test)]
mod model;
#[cfg(test)]
mod walk;

pub use facts::{Dispute, Fact, Facts, Settlement};

/// How long a checkout is open. The provider allows at most 24 hours from the moment when it creates the checkout; an hour is
/// left for a checkout that is created late, because the provider failed.
pub const CHECKOUT_LIFETIME: Duration = Duration::hours(23);

/// How long an order may be pending before the provider is asked about it, and then between two questions.
pub const RECONCILE_AFTER: Duration = Duration::minutes(15);

/// The state of an order, derived from its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// It waits for its payment.
    Pending,
    /// It is paid. Its buyer has the product.
    Paid,
    /// The payment has failed.
    Failed,
    /// It was not paid in time.
    Expired,
    /// The buyer has cancelled it.
    Cancelled,
    /// The whole price was paid back.
    Refunded,
    /// The buyer's bank disputes the payment, or has taken it back.
    Disputed,
}

impl OrderStatus {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Paid,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
        Self::Refunded,
        Self::Disputed,
    ];

    /// The word in responses and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
        }
    }
}

/// An order of one product by one buyer, with the price of the moment when it was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Identifies the order.
    pub id: OrderId,
    /// The user who buys; after the deletion of the account, a pseudonym.
    pub buyer: UserId,
    /// The user who sells.
    pub seller: UserId,
    /// The product.
    pub product: ProductId,
    /// The title of the product when it was ordered.
    pub title: Title,
    /// The price when it was ordered.
    pub price: Money,
    /// What is known of the payment.
    pub facts: Facts,
    /// Counts the changes of the facts.
    pub version: u64,
    /// When it was placed.
    pub created_at: OffsetDateTime,
    /// When the facts last changed.
    pub updated_at: OffsetDateTime,
    /// When its payment was heard of first.
    pub paid_at: Option<OffsetDateTime>,
}

/// What a buyer orders: a product as it is for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The product.
    pub product: ProductId,
    /// The user who sells it.
    pub seller: UserId,
    /// Its title.
    pub title: Title,
    /// Its price.
    pub price: Money,
}

impl Order {
    /// A new order of version 1. A free product is paid at once: that is the order's second version.
    #[must_use]
    pub fn place(id: OrderId, buyer: UserId, offer: Offer, now: OffsetDateTime) -> Self {
        let order = Self {
            id,
            buyer,
            seller: offer.seller,
            product: offer.product,
            title: offer.title,
            price: offer.price,
            facts: Facts::default(),
            version: 1,
            created_at: now,
            updated_at: now,
            paid_at: None,
        };
        let paid = order
            .price
            .is_free()
            .then(|| order.learn(Fact::Settled(Settlement::Paid), now));
        paid.flatten().unwrap_or(order)
    }

    /// The order with another fact; `None` if it changes nothing, so that nothing is written.
    #[must_use]
    pub fn learn(&self, fact: Fact, now: OffsetDateTime) -> Option<Self> {
        self.learn_all([fact], now)
    }

    /// As [`Order::learn`], for facts that are heard together: they are one change.
    #[must_use]
    pub fn learn_all(
        &self,
        facts: impl IntoIterator<Item = Fact>,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let facts = facts.into_iter().fold(self.facts, Facts::join);
        if facts == self.facts {
            return None;
        }
        let is_paid = facts.settlement() == Settlement::Paid;
        Some(Self {
            facts,
            version: self.version + 1,
            updated_at: now,
            paid_at: self.paid_at.or(is_paid.then_some(now)),
            ..self.clone()
        })
    }

    /// The order as it was placed, before anything was known of its payment.
    #[must_use]
    pub fn as_placed(&self) -> Self {
        Self {
            facts: Facts::default(),
            version: 1,
            updated_at: self.created_at,
            paid_at: None,
            ..self.clone()
        }
    }

    /// The state of the order.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        match (self.facts.settlement(), self.facts.dispute()) {
            (Settlement::Paid, _) if self.is_refunded() => OrderStatus::Refunded,
            (Settlement::Paid, Dispute::Open | Dispute::Lost) => OrderStatus::Disputed,
            (Settlement::Paid, Dispute::None | Dispute::Won) => OrderStatus::Paid,
            (Settlement::Open, _) => OrderStatus::Pending,
            (Settlement::Cancelled, _) => OrderStatus::Cancelled,
            (Settlement::Expired, _) => OrderStatus::Expired,
            (Settlement::Failed, _) => OrderStatus::Failed,
        }
    }

    /// Whether it gives its buyer the right to the product: the seller has the money, at least a part of it.
    #[must_use]
    pub fn is_entitled(&self) -> bool {
        self.status() == OrderStatus::Paid
    }

    /// Whether it keeps its buyer from ordering the product again: it can still be paid, or its buyer has the product, or may
    /// get it back with the end of a dispute.
    #[must_use]
    pub fn blocks_another(&self) -> bool {
        match self.status() {
            OrderStatus::Pending | OrderStatus::Paid => true,
            OrderStatus::Disputed => self.facts.dispute() == Dispute::Open,
            OrderStatus::Failed
            | OrderStatus::Expired
            | OrderStatus::Cancelled
            | OrderStatus::Refunded => false,
        }
    }

    /// When its checkout expires. A function of the order, because a repeated request to the provider has to be the same.
    #[must_use]
    pub fn checkout_expires_at(&self) -> OffsetDateTime {
        self.created_at + CHECKOUT_LIFETIME
    }

    /// The whole price was paid back. Nothing can be paid back of a free order.
    fn is_refunded(&self) -> bool {
        self.price.amount > 0 && self.facts.refunded() >= self.price.amount
    }
}

#[cfg(test)]
mod tests {
    use super::{walk::order, *};

    #[test]
    fn a_free_order_is_paid_in_its_second_version() {
        let mut offer = walk::offer();
        offer.price.amount = 0;
        let free = Order::place(OrderId::new(walk::NOW), walk::BUYER, offer, walk::NOW);
        assert_eq!((free.status(), free.version), (OrderStatus::Paid, 2));
        assert_eq!(free.paid_at, Some(walk::NOW));
        let placed = free.as_placed();
        assert_eq!((placed.status(), placed.version), (OrderStatus::Pending, 1));
    }

    #[test]
    fn a_partial_refund_changes_only_the_total() {
        let paid = order()
            .learn(Fact::Settled(Settlement::Paid), walk::NOW)
            .unwrap();
        let partly = paid.learn(Fact::Refunded(1), walk::NOW).unwrap();
        assert_eq!(partly.status(), OrderStatus::Paid);
        assert!(partly.is_entitled());
        assert_eq!((partly.facts.refunded(), partly.version), (1, 3));
        assert_eq!(partly.learn(Fact::Refunded(1), walk::NOW), None);
        let all = partly.learn(Fact::Refunded(499), walk::NOW).unwrap();
        assert_eq!(all.status(), OrderStatus::Refunded);
    }

    #[test]
    fn words_are_parsed() {
        for settlement in Settlement::ALL {
            assert_eq!(Settlement::parse(settlement.as_str()), Some(settlement));
        }
        for dispute in Dispute::ALL {
            assert_eq!(Dispute::parse(dispute.as_str()), Some(dispute));
        }
        assert_eq!(Settlement::parse("won"), None);
    }
}
