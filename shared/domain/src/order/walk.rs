//! All events in all orders, each repeated: one end state for each set of events. The states are a table in docs/ORDERS.md.

use std::{fs, path::PathBuf};

use time::{OffsetDateTime, macros::datetime};

use super::{Dispute, Fact, Offer, Order, OrderStatus, Settlement};
use crate::{Currency, Money, OrderId, ProductId, UserId, product::Title};

pub const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
pub const BUYER: UserId = UserId::from_bytes([1; 16]);

const EVENTS: [(&str, Fact); 9] = [
    ("completed", Fact::Settled(Settlement::Paid)),
    ("async_succeeded", Fact::Settled(Settlement::Paid)),
    ("async_failed", Fact::Settled(Settlement::Failed)),
    ("expired", Fact::Settled(Settlement::Expired)),
    ("cancelled", Fact::Settled(Settlement::Cancelled)),
    ("refunded", Fact::Refunded(499)),
    ("disputed", Fact::Disputed(Dispute::Open)),
    ("lost", Fact::Disputed(Dispute::Lost)),
    ("won", Fact::Disputed(Dispute::Won)),
];

pub fn offer() -> Offer {
    Offer {
        product: ProductId::from_bytes([3; 16]),
        seller: UserId::from_bytes([2; 16]),
        title: Title::parse("Tea").unwrap(),
        price: Money::price(499, Currency::parse("EUR").unwrap()).unwrap(),
    }
}

pub fn order() -> Order {
    Order::place(OrderId::from_bytes([4; 16]), BUYER, offer(), NOW)
}

fn apply(order: Order, event: usize) -> Order {
    order.learn(EVENTS[event].1, NOW).unwrap_or(order)
}

/// Applies the rest of the events in every order, with the repetition of each at every later place, and passes on the ends.
fn permute(order: &Order, heard: &mut Vec<usize>, left: usize, ends: &mut impl FnMut(&Order)) {
    if left == 0 {
        ends(order);
    }
    for event in 0..EVENTS.len() {
        if left & (1 << event) == 0 {
            continue;
        }
        let next = apply(order.clone(), event);
        assert!(next.version - order.version <= 1);
        // Whatever was heard before is repeated here.
        for again in heard.iter().chain([&event]) {
            assert_eq!(
                apply(next.clone(), *again),
                next,
                "a repeated event changes something"
            );
        }
        heard.push(event);
        permute(&next, heard, left & !(1 << event), ends);
        heard.pop();
    }
}

fn end_of(set: usize) -> Order {
    let events = (0..EVENTS.len()).filter(|event| set & (1 << event) != 0);
    events.fold(order(), apply)
}

#[test]
fn every_order_and_repetition_of_events_ends_alike() {
    for set in 0..1 << EVENTS.len() {
        let end = end_of(set);
        permute(&order(), &mut Vec::new(), set, &mut |found| {
            assert_eq!(found.facts, end.facts, "{set:b}");
        });
        let has = |name| (0..EVENTS.len()).any(|it| set & (1 << it) != 0 && EVENTS[it].0 == name);
        let paid = [
            "completed",
            "async_succeeded",
            "refunded",
            "disputed",
            "lost",
            "won",
        ];
        let was_paid = paid.into_iter().any(has);
        assert_eq!(end.facts.settlement() == Settlement::Paid, was_paid);
        assert_eq!(
            end.is_entitled(),
            was_paid && !has("refunded") && (has("won") || !has("disputed") && !has("lost"))
        );
        assert_eq!(end.paid_at.is_some(), was_paid);
        if end.is_entitled() || end.status() == OrderStatus::Pending {
            assert!(end.blocks_another());
        }
    }
}

/// The table: sets of events with the same facts are one row.
fn table() -> String {
    let mut table = String::from(
        "| payment | dispute | refund | status | right to the product | another order |\n|---|---|---|---|---|---|\n",
    );
    let settled = [
        ("—", None),
        ("`expired`", Some(3)),
        ("`cancelled`, with or without `expired`", Some(4)),
        (
            "`async_failed`, with or without `expired`, `cancelled`",
            Some(2),
        ),
        ("`completed` or `async_succeeded`, with any others", Some(0)),
    ];
    let disputes = [
        ("—", None),
        ("`disputed`", Some(6)),
        ("`lost`, with or without `disputed`", Some(7)),
        ("`won`, with any others", Some(8)),
    ];
    for (payment, settled) in settled {
        for (dispute, disputed) in disputes {
            for (refund, refunded) in [("—", None), ("`refunded`", Some(5))] {
                let events = [settled, disputed, refunded].into_iter().flatten();
                let end = events.fold(order(), apply);
                let yes = |is| if is { "yes" } else { "no" };
                let row = format!(
                    "| {payment} | {dispute} | {refund} | `{}` | {} | {} |\n",
                    end.status().as_str(),
                    yes(end.is_entitled()),
                    if end.blocks_another() {
                        "refused"
                    } else {
                        "allowed"
                    },
                );
                table.push_str(&row);
            }
        }
    }
    table
}

const BEGIN: &str = "<!-- end states: generated by shared/domain/src/order/walk.rs -->\n";
const END: &str = "<!-- end of the table -->\n";

#[test]
fn docs_have_the_table_of_end_states() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = fs::read_to_string(root.join("docs/ORDERS.md")).unwrap();
    let (before, rest) = found.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{}{END}{after}", table());
    if found != expected {
        let new = root.join("target/tmp/ORDERS.md");
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        fs::write(&new, expected).unwrap();
        panic!("docs/ORDERS.md is stale; copy it from target/tmp/ORDERS.md");
    }
}
