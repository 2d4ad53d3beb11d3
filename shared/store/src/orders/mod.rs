use aws_sdk_dynamodb::Client;
use domain::{Order, OrderId, OrderStatus, ProductId, UserId, order::Settlement};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    NewRecord, StoreError, erased,
    row::{Row, at, item, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::{Item, Write},
};

mod due;
mod erase;
pub(crate) mod item;
mod list;

use self::item::{guard_id, read};

/// How long the ids of the provider's events are kept. It repeats an event for three days.
const EVENT_LIFETIME: Duration = Duration::days(90);

/// The orders, and the ids of the provider's events that were applied.
///
/// For each buyer and product, a guard has the newest order, so that a product is ordered once. The index `buyer` has the
/// orders of a buyer, and the index `due` the pending orders by the time when the provider is asked about them.
#[derive(Debug, Clone)]
pub struct Orders {
    table: Table,
    events: Table,
}

/// An order, with what is known of its payment at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// The order.
    pub order: Order,
    /// The checkout, once the provider has created it.
    pub checkout: Option<Checkout>,
    /// The provider's id of the payment, once it is paid.
    pub payment: Option<String>,
}

/// A checkout at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The provider's id.
    pub id: String,
    /// The page where the buyer pays, while it is open.
    pub url: Option<String>,
}

/// How the placing of an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The order is placed.
    Placed,
    /// Another request placed an order of this product first.
    OrderedMeanwhile,
    /// A request with the same idempotency key came first.
    Repeated,
    /// The account of the buyer is deleted.
    BuyerErased,
}

/// How a change of an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderChange {
    /// The order is changed.
    Changed,
    /// Another request changed it first: read it again.
    Conflict,
    /// The provider's event was applied before.
    Known,
}

/// The parts of placing and of changing an order, in the order in which they decide the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Event,
    Erased,
    Guard,
    Order,
}

impl Orders {
    /// The tables that `ORDERS_TABLE` and `PAYMENT_EVENTS_TABLE` name.
    ///
    /// # Errors
    /// When a variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            table: Table::from_env(env, client, "ORDERS_TABLE")?,
            events: Table::from_env(env, client, "PAYMENT_EVENTS_TABLE")?,
        })
    }

    /// The order of an id. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        let found = self.table.find([("id", id.to_string())]).await?;
        found.map(read).transpose()
    }

    /// The newest order of a product by a buyer. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn newest(
        &self,
        buyer: UserId,
        product: ProductId,
    ) -> Result<Option<OrderRecord>, StoreError> {
        let key = [("id", guard_id(buyer, product))];
        let Some(mut guard) = self.table.find(key).await? else {
            return Ok(None);
        };
        self.find(guard.parsed("order_id", OrderId::parse)?).await
    }

    /// Places an order, if `before` is still the newest of this product by this buyer. A `record` makes a repeated request find
    /// the order.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn place(
        &self,
        order: &Order,
        before: Option<OrderId>,
        record: Option<NewRecord<'_>>,
    ) -> Result<Placement, StoreError> {
        let new = self.table.put(item::write(order));
        let new = new.only_if("attribute_not_exists(id)");
        let guard = self.guard(order);
        let guard = match before {
            None => guard.only_if("attribute_not_exists(id)"),
            Some(before) => guard
                .only_if("order_id = :before")
                .bind([(":before", s(before.to_string()))]),
        };
        let answer = record.map(|record| record.put(order.created_at));
        let placing = Transaction::of((Part::Order, new), (Part::Guard, guard))?;
        let mark = [("id", erased::mark_key(order.buyer))];
        let mark = self.table.check(mark, "attribute_not_exists(id)");
        let placing = placing
            .and_check(Part::Erased, mark)?
            .and_maybe(Part::Answer, answer)?;
        Ok(match placing.commit().await? {
            Outcome::Committed => Placement::Placed,
            Outcome::Refused(failed) if failed.first() == Part::Answer => Placement::Repeated,
            Outcome::Refused(failed) if failed.first() == Part::Erased => Placement::BuyerErased,
            Outcome::Refused(_) => Placement::OrderedMeanwhile,
        })
    }

    fn guard(&self, order: &Order) -> Write {
        self.table.put(item([
            ("id", s(guard_id(order.buyer, order.product))),
            ("order_id", s(order.id.to_string())),
        ]))
    }

    /// Stores the checkout of an order. All requests store the same one, so there is no condition on an earlier one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn set_checkout(&self, id: OrderId, checkout: &Checkout) -> Result<(), StoreError> {
        let update = self.table.update([("id", id.to_string())]);
        let update = update
            .set("checkout_id = :checkout")
            .only_if("attribute_exists(id)")
            .bind([(":checkout", s(&checkout.id))]);
        let update = match &checkout.url {
            Some(url) => update.set("checkout_url = :url").bind([(":url", s(url))]),
            None => update.remove("checkout_url"),
        };
        update.send().await?;
        Ok(())
    }

    /// Stores the provider's id of an order's payment, which refunds need.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn set_payment(&self, id: OrderId, payment: &str) -> Result<(), StoreError> {
        let update = self.table.update([("id", id.to_string())]);
        let update = update
            .set("payment = :payment")
            .only_if("attribute_exists(id)")
            .bind([(":payment", s(payment))]);
        update.send().await?;
        Ok(())
    }

    /// Writes the facts of `after`, which follows from `before`. The provider's `event` is recorded in the same transaction, so
    /// it is applied once.
    ///
    /// # Errors
    /// When a table does not answer.
    pub async fn change(
        &self,
        before: &Order,
        after: &Order,
        event: Option<&str>,
    ) -> Result<OrderChange, StoreError> {
        let update = self.update(before, after);
        let guard = self.new_guard(before, after);
        let event = event.map(|id| self.new_event(id, after.updated_at));
        let Some((label, other)) = event
            .map(|event| (Part::Event, event))
            .or_else(|| guard.clone().map(|guard| (Part::Guard, guard)))
        else {
            let is_done = update.send().await?.is_done() || self.has_facts(after).await?;
            return Ok(if is_done {
                OrderChange::Changed
            } else {
                OrderChange::Conflict
            });
        };
        let change = Transaction::of((Part::Order, update), (label, other))?;
        let change = change.and_maybe(Part::Guard, guard.filter(|_| label == Part::Event))?;
        Ok(match change.commit().await? {
            Outcome::Committed => OrderChange::Changed,
            Outcome::Refused(failed) if failed.first() == Part::Event => OrderChange::Known,
            Outcome::Refused(_) => OrderChange::Conflict,
        })
    }

    fn update(&self, before: &Order, after: &Order) -> Write {
        let facts = &after.facts;
        let update = self.table.update([("id", after.id.to_string())]);
        let update = update
            .set(
                "settlement = :settlement, refunded = :refunded, dispute = :dispute, #version = :version, \
                 updated_at = :now",
            )
            .only_if("#version = :before")
            .bind([
                (":settlement", s(facts.settlement().as_str())),
                (":refunded", n(facts.refunded())),
                (":dispute", s(facts.dispute().as_str())),
                (":version", n(after.version)),
                (":now", at(after.updated_at)),
                (":before", n(before.version)),
            ]);
        let update = match after.paid_at {
            Some(paid_at) => update.set("paid_at = :paid").bind([(":paid", at(paid_at))]),
            None => update,
        };
        if after.status() == OrderStatus::Pending {
            update
        } else {
            // It leaves the index of pending orders, and its checkout is over.
            update.remove("due_shard, due_at, checkout_url")
        }
    }

    /// A payment of an order that had ended makes it the one that keeps its buyer from buying again.
    fn new_guard(&self, before: &Order, after: &Order) -> Option<Write> {
        let had_ended = !matches!(
            before.facts.settlement(),
            Settlement::Open | Settlement::Paid
        );
        (had_ended && after.is_entitled()).then(|| self.guard(after))
    }

    fn new_event(&self, id: &str, now: OffsetDateTime) -> Write {
        let event = item([
            ("id", s(id)),
            ("expires_at", n((now + EVENT_LIFETIME).unix_timestamp())),
        ]);
        self.events.put(event).only_if("attribute_not_exists(id)")
    }

    /// Whether an earlier try whose reply got lost wrote these facts.
    async fn has_facts(&self, order: &Order) -> Result<bool, StoreError> {
        let found = self.find(order.id).await?;
        Ok(found.is_some_and(|found| {
            (found.order.version, found.order.facts) == (order.version, order.facts)
        }))
    }

    /// Records an event of the provider that changes nothing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_event(&self, id: &str, now: OffsetDateTime) -> Result<(), StoreError> {
        self.new_event(id, now).send().await?;
        Ok(())
    }
}

fn records(items: Option<Vec<Item>>) -> impl Iterator<Item = Result<OrderRecord, StoreError>> {
    let items = items.unwrap_or_default().into_iter();
    items.map(|item| read(Row(item)))
}
