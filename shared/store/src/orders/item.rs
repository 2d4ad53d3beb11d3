use domain::{
    Currency, Money, Order, OrderId, OrderStatus, ProductId, UserId,
    order::{Dispute, Facts, RECONCILE_AFTER, Settlement},
    product::Title,
};
use time::OffsetDateTime;

use super::{Checkout, OrderRecord};
use crate::{
    StoreError,
    row::{Row, at, item, n, s},
    write::Item,
};

/// The index of pending orders is spread over this many partition keys.
pub const SHARDS: u8 = 4;

/// The beginning of the key of a guard, which is no order.
const GUARD: &str = "open#";

pub(super) fn guard_id(buyer: UserId, product: ProductId) -> String {
    format!("{GUARD}{buyer}#{product}")
}

pub(super) fn shard(id: OrderId) -> String {
    (id.as_bytes()[15] % SHARDS).to_string()
}

/// The item of a new order. A pending one is in the index `due`.
pub(super) fn write(order: &Order) -> Item {
    let mut item = item([
        ("id", s(order.id.to_string())),
        ("buyer", s(order.buyer.to_string())),
        ("seller", s(order.seller.to_string())),
        ("product", s(order.product.to_string())),
        ("title", s(order.title.as_str())),
        ("amount", n(order.price.amount)),
        ("currency", s(order.price.currency.code())),
        ("settlement", s(order.facts.settlement().as_str())),
        ("refunded", n(order.facts.refunded())),
        ("dispute", s(order.facts.dispute().as_str())),
        ("version", n(order.version)),
        ("created_at", at(order.created_at)),
        ("updated_at", at(order.updated_at)),
    ]);
    if let Some(paid_at) = order.paid_at {
        item.insert("paid_at".to_owned(), at(paid_at));
    }
    if order.status() == OrderStatus::Pending {
        let due = order.created_at + RECONCILE_AFTER;
        item.insert("due_shard".to_owned(), s(shard(order.id)));
        item.insert("due_at".to_owned(), n(due.unix_timestamp()));
    }
    item
}

/// Whether an item is a guard.
pub(crate) fn is_guard(row: &Row) -> bool {
    let id = row.0.get("id").and_then(|id| id.as_s().ok());
    id.is_some_and(|id| id.starts_with(GUARD))
}

pub(crate) fn read(mut row: Row) -> Result<OrderRecord, StoreError> {
    let checkout = row.optional_text("checkout_id").map(|id| Checkout {
        id,
        url: row.optional_text("checkout_url"),
    });
    let payment = row.optional_text("payment");
    let currency = row.parsed("currency", Currency::parse)?;
    let settlement = word("settlement", Settlement::parse, &mut row)?;
    let dispute = word("dispute", Dispute::parse, &mut row)?;
    let paid_at = row.optional_time("paid_at")?;
    let order = Order {
        id: row.parsed("id", OrderId::parse)?,
        buyer: row.parsed("buyer", UserId::parse)?,
        seller: row.parsed("seller", UserId::parse)?,
        product: row.parsed("product", ProductId::parse)?,
        title: Title::stored(row.text("title")?),
        price: Money {
            amount: row.number("amount")?,
            currency,
        },
        facts: Facts::stored(settlement, row.number("refunded")?, dispute),
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        paid_at,
    };
    Ok(OrderRecord {
        order,
        checkout,
        payment,
    })
}

fn word<T>(
    name: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
    row: &mut Row,
) -> Result<T, StoreError> {
    parse(&row.text(name)?).ok_or(StoreError::Corrupt(name))
}

/// When a pending order is looked at again.
pub(super) fn next_due(now: OffsetDateTime) -> i64 {
    (now + RECONCILE_AFTER).unix_timestamp()
}

#[cfg(test)]
mod tests {
    use domain::order::{Fact, Offer};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let now = datetime!(2026-01-01 00:00:00.5 UTC);
        let offer = Offer {
            product: ProductId::new(now),
            seller: UserId::new(now),
            title: Title::parse("Tea").unwrap(),
            price: Money::price(499, Currency::parse("EUR").unwrap()).unwrap(),
        };
        let order = Order::place(OrderId::new(now), UserId::new(now), offer, now);
        let read_back = |order: &Order| read(Row(write(order))).unwrap().order;
        assert_eq!(read_back(&order), order);
        assert!(write(&order).contains_key("due_at"));
        let facts = [Fact::Refunded(7), Fact::Disputed(Dispute::Won)];
        let paid = order.learn_all(facts, now).unwrap();
        assert_eq!(read_back(&paid), paid);
        assert!(!write(&paid).contains_key("due_at"));
    }
}
