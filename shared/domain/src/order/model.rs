//! A walk through all states that requests, provider events, the reconciler, crashes and lost replies can lead to, in any order.
//! One buyer orders one product, cancels, and orders again.
//!
//! Decisions are those of `Order`. The table is modelled by what a conditional write guarantees, and the provider by what it
//! documents: one session for each idempotency key, and a session that is completed cannot expire.

use std::collections::{BTreeSet, HashSet};

use super::{
    Fact, Order, OrderStatus, Settlement,
    walk::{BUYER, NOW, offer},
};
use crate::OrderId;

const ORDERS: usize = 2;
const AT_ONCE: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Session {
    Open,
    Paid,
    Expired,
    Refunded,
}

/// A request or an event that a function is processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Step {
    /// `POST /orders`: has read the guard.
    Place { guard: Option<usize> },
    /// Has an order, and asks for its session.
    Checkout(usize),
    /// `POST /orders/{id}/cancel`: asks for the session, and expires it.
    Cancel(usize),
    /// Has the provider's word, and has read the order at this version.
    Write {
        order: usize,
        version: u64,
        fact: u8,
    },
    /// The reconciler asks about an order.
    Reconcile(usize),
}

const FACTS: [Fact; 4] = [
    Fact::Settled(Settlement::Paid),
    Fact::Settled(Settlement::Expired),
    Fact::Settled(Settlement::Cancelled),
    Fact::Refunded(499),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    orders: Vec<(Settlement, u64, u64)>,
    guard: Option<usize>,
    sessions: [Option<Session>; ORDERS],
    steps: Vec<Step>,
}

impl World {
    fn order(&self, index: usize) -> Order {
        let (settlement, refunded, version) = self.orders[index];
        let byte = u8::try_from(index).unwrap();
        let mut order = Order::place(OrderId::from_bytes([byte; 16]), BUYER, offer(), NOW);
        order.facts = super::Facts::stored(settlement, refunded, super::Dispute::None);
        order.version = version;
        order
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        change(&mut world);
        world.steps.sort_unstable();
        world
    }

    fn next(&self) -> Vec<(&'static str, World)> {
        let mut next = Vec::new();
        if self.steps.len() < AT_ONCE {
            self.begin(&mut next);
        }
        for (index, session) in self.sessions.iter().enumerate() {
            match session {
                Some(Session::Open) => {
                    next.push((
                        "pays",
                        self.with(|it| it.sessions[index] = Some(Session::Paid)),
                    ));
                    next.push((
                        "runs out",
                        self.with(|it| it.sessions[index] = Some(Session::Expired)),
                    ));
                }
                Some(Session::Paid) => {
                    next.push((
                        "is refunded",
                        self.with(|it| it.sessions[index] = Some(Session::Refunded)),
                    ));
                }
                _ => {}
            }
        }
        for index in 0..self.steps.len() {
            let rest = self.with(|it| {
                it.steps.remove(index);
            });
            // A crash, a deadline or a lost reply ends a request anywhere.
            next.push(("crashes", rest.clone()));
            rest.go_on(self.steps[index], &mut next);
        }
        next
    }

    fn begin(&self, next: &mut Vec<(&'static str, World)>) {
        let mut start = |what, step| next.push((what, self.with(|it| it.steps.push(step))));
        start("orders", Step::Place { guard: self.guard });
        for order in 0..self.orders.len() {
            if self.order(order).status() == OrderStatus::Pending {
                start("cancels", Step::Cancel(order));
                start("reconciles", Step::Reconcile(order));
            }
            // The provider sends an event, late, again, or never.
            for fact in self.words(order) {
                let version = self.orders[order].2;
                start(
                    "hears",
                    Step::Write {
                        order,
                        version,
                        fact,
                    },
                );
            }
        }
    }

    /// What the provider says of an order: the numbers of the facts.
    fn words(&self, order: usize) -> Vec<u8> {
        match self.sessions[order] {
            None | Some(Session::Open) => Vec::new(),
            Some(Session::Paid) => vec![0],
            Some(Session::Expired) => vec![1],
            Some(Session::Refunded) => vec![0, 3],
        }
    }

    fn go_on(&self, step: Step, next: &mut Vec<(&'static str, World)>) {
        match step {
            Step::Place { guard } => self.place(guard, next),
            Step::Checkout(order) => next.push((
                "gets its checkout",
                self.with(|it| it.ensure_session(order)),
            )),
            Step::Cancel(order) => next.push((
                "has expired the session",
                self.with(|it| {
                    it.ensure_session(order);
                    let version = it.orders[order].2;
                    let fact = match it.sessions[order] {
                        Some(Session::Open | Session::Expired) => {
                            it.sessions[order] = Some(Session::Expired);
                            2
                        }
                        _ => 0,
                    };
                    it.steps.push(Step::Write {
                        order,
                        version,
                        fact,
                    });
                }),
            )),
            Step::Reconcile(order) => next.push((
                "has asked",
                self.with(|it| {
                    it.ensure_session(order);
                    let version = it.orders[order].2;
                    let steps = it.words(order).into_iter().take(1);
                    it.steps.extend(steps.map(|fact| Step::Write {
                        order,
                        version,
                        fact,
                    }));
                }),
            )),
            Step::Write {
                order,
                version,
                fact,
            } => {
                if self.orders[order].2 == version {
                    next.push((
                        "writes",
                        self.with(|it| it.learn(order, FACTS[usize::from(fact)])),
                    ));
                } else {
                    let version = self.orders[order].2;
                    let again = Step::Write {
                        order,
                        version,
                        fact,
                    };
                    next.push(("reads again", self.with(|it| it.steps.push(again))));
                }
            }
        }
    }

    fn place(&self, guard: Option<usize>, next: &mut Vec<(&'static str, World)>) {
        match guard {
            Some(order) if self.order(order).blocks_another() => {
                if self.order(order).status() == OrderStatus::Pending {
                    next.push((
                        "answers again",
                        self.with(|it| it.steps.push(Step::Checkout(order))),
                    ));
                }
            }
            _ if self.orders.len() == ORDERS => {}
            // One transaction, on the condition that the guard is as it was read.
            _ if self.guard == guard => next.push((
                "places",
                self.with(|it| {
                    it.orders.push((Settlement::Open, 0, 1));
                    it.guard = Some(it.orders.len() - 1);
                    it.steps.push(Step::Checkout(it.orders.len() - 1));
                }),
            )),
            _ => next.push(("meets another order", self.clone())),
        }
    }

    /// One session for each order, however often it is asked for: the idempotency key is the order's id.
    fn ensure_session(&mut self, order: usize) {
        self.sessions[order].get_or_insert(Session::Open);
    }

    fn learn(&mut self, order: usize, fact: Fact) {
        if let Some(learned) = self.order(order).learn(fact, NOW) {
            let facts = learned.facts;
            self.orders[order] = (facts.settlement(), facts.refunded(), learned.version);
        }
    }

    /// What must hold in every state.
    fn check(&self) {
        let pending = |order: &usize| self.order(*order).status() == OrderStatus::Pending;
        let open = (0..self.orders.len()).filter(pending).count();
        assert!(open <= 1, "two open orders: {self:#?}");
        let payable =
            |session: &&Option<Session>| matches!(session, Some(Session::Open | Session::Paid));
        assert!(
            self.sessions.iter().filter(payable).count() <= 1,
            "two charges: {self:#?}"
        );
        for order in 0..self.orders.len() {
            let was_paid = matches!(
                self.sessions[order],
                Some(Session::Paid | Session::Refunded)
            );
            let has = self.order(order).is_entitled();
            assert!(!has || was_paid, "the product without a payment: {self:#?}");
        }
        self.check_settled();
    }

    /// When the provider's words are heard at last, each payment has its product, and nothing else has.
    fn check_settled(&self) {
        let mut world = self.with(|it| it.steps.clear());
        for order in 0..world.orders.len() {
            for fact in world.words(order) {
                world.learn(order, FACTS[usize::from(fact)]);
            }
            let paid = world.sessions[order] == Some(Session::Paid);
            assert_eq!(world.order(order).is_entitled(), paid, "{self:#?}");
        }
    }
}

#[test]
fn each_payment_has_its_product_however_requests_and_events_interleave() {
    let start = World {
        orders: Vec::new(),
        guard: None,
        sessions: [None; ORDERS],
        steps: Vec::new(),
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    let mut happened = BTreeSet::new();
    while let Some(world) = open.pop() {
        world.check();
        for (what, next) in world.next() {
            happened.insert(what);
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    for what in [
        "crashes",
        "answers again",
        "meets another order",
        "reads again",
        "runs out",
    ] {
        assert!(happened.contains(what), "{what} in {happened:?}");
    }
    assert!(seen.len() > 1_000, "{} states", seen.len());
}
