use domain::{Order, OrderStatus};

use crate::{Data, Event, EventType};

/// The events of a change of an order: one for each change of its state. A dispute that is lost is a second event of the
/// state `disputed`. A partial refund has none, because it changes nothing for others.
#[must_use]
pub fn order_events(before: Option<&Order>, after: Option<&Order>) -> Vec<Event> {
    match (before, after) {
        (None, Some(order)) => {
            let placed = order.as_placed();
            let mut events = vec![order_event(EventType::OrderCreated, &placed)];
            // A free order is paid when it is placed.
            events.extend(change(&placed, order));
            events
        }
        (Some(before), Some(order)) => change(before, order).into_iter().collect(),
        (_, None) => Vec::new(),
    }
}

fn change(before: &Order, after: &Order) -> Option<Event> {
    let (was, is) = (before.status(), after.status());
    let dispute_changed = before.facts.dispute() != after.facts.dispute();
    if was == is && !(is == OrderStatus::Disputed && dispute_changed) {
        return None;
    }
    let kind = match is {
        // Facts only grow: no order becomes pending again.
        OrderStatus::Pending => return None,
        OrderStatus::Paid => EventType::OrderPaid,
        OrderStatus::Failed => EventType::OrderFailed,
        OrderStatus::Expired => EventType::OrderExpired,
        OrderStatus::Cancelled => EventType::OrderCancelled,
        OrderStatus::Refunded => EventType::OrderRefunded,
        OrderStatus::Disputed => EventType::OrderDisputed,
    };
    Some(order_event(kind, after))
}

fn order_event(kind: EventType, order: &Order) -> Event {
    let subject = format!("order/{}", order.id);
    let data = Data::Order(order.into());
    Event::new(kind, order.updated_at, subject, order.version, data)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::{
        Currency, Money, OrderId, ProductId, UserId,
        order::{Dispute, Fact, Offer, Settlement},
        product::Title,
    };
    use time::{OffsetDateTime, macros::datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn order(amount: u64) -> Order {
        let offer = Offer {
            product: ProductId::from_bytes([3; 16]),
            seller: UserId::from_bytes([2; 16]),
            title: Title::parse("Tea").unwrap(),
            price: Money::price(amount, Currency::parse("EUR").unwrap()).unwrap(),
        };
        Order::place(
            OrderId::from_bytes([4; 16]),
            UserId::from_bytes([1; 16]),
            offer,
            NOW,
        )
    }

    fn names(events: &[Event]) -> Vec<(&'static str, u64)> {
        let of = |event: &Event| (event.kind.name(), event.version);
        events.iter().map(of).collect()
    }

    #[test]
    fn a_new_order_is_created_and_a_free_one_also_paid() {
        let created = names(&order_events(None, Some(&order(499))));
        assert_eq!(created, [("order.created", 1)]);
        let free = names(&order_events(None, Some(&order(0))));
        assert_eq!(free, [("order.created", 1), ("order.paid", 2)]);
        assert_eq!(order_events(Some(&order(0)), None), []);
    }

    /// Every change of every state that facts can lead to.
    #[test]
    fn each_change_of_the_right_to_the_product_has_an_event() {
        let facts = [
            Fact::Settled(Settlement::Cancelled),
            Fact::Settled(Settlement::Expired),
            Fact::Settled(Settlement::Failed),
            Fact::Settled(Settlement::Paid),
            Fact::Refunded(100),
            Fact::Refunded(499),
            Fact::Disputed(Dispute::Open),
            Fact::Disputed(Dispute::Lost),
            Fact::Disputed(Dispute::Won),
        ];
        let mut open = vec![order(499)];
        let mut seen = HashSet::new();
        let mut kinds = HashSet::new();
        while let Some(before) = open.pop() {
            for fact in facts {
                let Some(after) = before.learn(fact, NOW) else {
                    continue;
                };
                let events = order_events(Some(&before), Some(&after));
                assert!(events.len() <= 1);
                kinds.extend(events.iter().map(|event| event.kind));
                if before.is_entitled() != after.is_entitled() {
                    assert_eq!(events.len(), 1, "{before:?} {after:?}");
                }
                if let Some(event) = events.first() {
                    let Data::Order(data) = &event.data else {
                        panic!("{event:?}")
                    };
                    assert_eq!(data.entitled, after.is_entitled());
                    assert_eq!(data.status, after.status().as_str());
                    assert_eq!(event.version, before.version + 1);
                }
                if seen.insert((after.facts, after.version)) {
                    open.push(after);
                }
            }
        }
        assert_eq!(kinds.len(), 6, "{kinds:?}");
    }

    #[test]
    fn a_partial_refund_has_no_event_and_a_lost_dispute_has_one() {
        let paid = order(499)
            .learn(Fact::Settled(Settlement::Paid), NOW)
            .unwrap();
        let partly = paid.learn(Fact::Refunded(1), NOW).unwrap();
        assert_eq!(order_events(Some(&paid), Some(&partly)), []);
        let disputed = partly.learn(Fact::Disputed(Dispute::Open), NOW).unwrap();
        let lost = disputed.learn(Fact::Disputed(Dispute::Lost), NOW).unwrap();
        let events = names(&order_events(Some(&disputed), Some(&lost)));
        assert_eq!(events, [("order.disputed", 5)]);
        let won = lost.learn(Fact::Disputed(Dispute::Won), NOW).unwrap();
        let events = names(&order_events(Some(&lost), Some(&won)));
        assert_eq!(events, [("order.paid", 6)]);
        let renamed = Order {
            buyer: UserId::from_bytes([9; 16]),
            ..won.clone()
        };
        assert_eq!(order_events(Some(&won), Some(&renamed)), []);
    }
}
