/// How the payment of an order ended. A later word replaces an earlier one only if it is higher, so the order in which events
/// arrive makes no difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settlement {
    /// It has not ended.
    #[default]
    Open,
    /// The checkout was not completed in time.
    Expired,
    /// The buyer has cancelled the order. Higher than expired: a cancellation expires the checkout, which the provider reports.
    Cancelled,
    /// The payment has failed.
    Failed,
    /// The provider has the money.
    Paid,
}

/// What is known of a dispute between the buyer's bank and the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dispute {
    /// There is none.
    #[default]
    None,
    /// It is not decided.
    Open,
    /// The bank has taken the money back.
    Lost,
    /// The money stays with the seller.
    Won,
}

macro_rules! words {
    ($type:ident: $($variant:ident = $word:literal),+) => {
        impl $type {
            /// All values, from the lowest to the highest.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in tables.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Parses the word in tables.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == word)
            }
        }
    };
}

words!(Settlement: Open = "open", Expired = "expired", Cancelled = "cancelled", Failed = "failed", Paid = "paid");
words!(Dispute: None = "none", Open = "open", Lost = "lost", Won = "won");

/// Something that the provider or the buyer said about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// How the payment ended.
    Settled(Settlement),
    /// How much was paid back in total, in minor units. A total, so that a repeated event adds nothing.
    Refunded(u64),
    /// What became of a dispute.
    Disputed(Dispute),
}

/// All that is known of an order's payment. Facts only grow: they are joined, and a join neither depends on the order of the
/// facts nor on how often each is heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    settlement: Settlement,
    refunded: u64,
    dispute: Dispute,
}

impl Facts {
    /// Facts from a table.
    #[must_use]
    pub fn stored(settlement: Settlement, refunded: u64, dispute: Dispute) -> Self {
        let facts = Self {
            settlement,
            refunded,
            dispute,
        };
        facts.implied()
    }

    /// The facts, and another one.
    #[must_use]
    pub fn join(self, fact: Fact) -> Self {
        let mut facts = self;
        match fact {
            Fact::Settled(settlement) => facts.settlement = facts.settlement.max(settlement),
            Fact::Refunded(total) => facts.refunded = facts.refunded.max(total),
            Fact::Disputed(dispute) => facts.dispute = facts.dispute.max(dispute),
        }
        facts.implied()
    }

    /// Only what was paid is refunded or disputed.
    fn implied(self) -> Self {
        let was_paid = self.refunded > 0 || self.dispute != Dispute::None;
        Self {
            settlement: if was_paid {
                Settlement::Paid
            } else {
                self.settlement
            },
            ..self
        }
    }

    /// How the payment ended.
    #[must_use]
    pub const fn settlement(&self) -> Settlement {
        self.settlement
    }

    /// How much was paid back in total, in minor units.
    #[must_use]
    pub const fn refunded(&self) -> u64 {
        self.refunded
    }

    /// What is known of a dispute.
    #[must_use]
    pub const fn dispute(&self) -> Dispute {
        self.dispute
    }
}
