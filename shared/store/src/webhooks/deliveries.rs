use auth::sha256;
use aws_sdk_dynamodb::{Client, types::ReturnValue};
use domain::{
    EndpointId, EventId, UserId,
    webhook::{Delivery, DeliveryStatus},
};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use super::{
    delivery_item::{attempts, read, write},
    due, erasure,
};
use crate::{
    StoreError,
    row::{milliseconds, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::{Write, Written},
};

/// A message may arrive this much before its attempt is due: clocks differ.
const EARLY: Duration = Duration::seconds(2);

/// The deliveries: endpoint and event -> state, attempts and payload. The index `due` has those that are attempted again. Beside
/// them, for each user whom a payload names, an item says which deliveries it is in ([`Self::erase_user`]).
#[derive(Debug, Clone)]
pub struct WebhookDeliveries(pub(super) Table);

/// The parts of the creation of a delivery, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Delivery,
    Mention,
    Erased,
}

impl WebhookDeliveries {
    /// The table that `WEBHOOK_DELIVERIES_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "WEBHOOK_DELIVERIES_TABLE").map(Self)
    }

    /// Creates a delivery whose payload names these users. Says whether it is new. The payload of a delivery that names a deleted
    /// user is erased when it ends.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn create(&self, delivery: &Delivery, users: &[UserId]) -> Result<bool, StoreError> {
        if delivery.erase_at_end || users.is_empty() {
            return Ok(self.put_new(delivery).send().await?.is_done());
        }
        let (first, others) = (users[0], &users[1..]);
        let mention = |user: UserId| {
            self.0.put(erasure::mention(
                &user_key(user),
                delivery,
                delivery.created_at,
            ))
        };
        let mut creation = Transaction::of(
            (Part::Delivery, self.put_new(delivery)),
            (Part::Mention, mention(first)),
        )?;
        for user in others.iter().filter(|user| **user != first) {
            creation = creation.and(Part::Mention, mention(*user))?;
        }
        for user in users
            .iter()
            .enumerate()
            .filter(|(at, user)| !users[..*at].contains(user))
        {
            let key = erasure::mark_key(&user_key(*user.1));
            let check = self.0.check(key, "attribute_not_exists(event)");
            creation = creation.and_check(Part::Erased, check)?;
        }
        match creation.commit().await? {
            Outcome::Committed => Ok(true),
            Outcome::Refused(failed) if failed.is_only(Part::Erased) => {
                let mut delivery = delivery.clone();
                delivery.erase_at_end = true;
                Ok(self.put_new(&delivery).send().await?.is_done())
            }
            Outcome::Refused(_) => Ok(false),
        }
    }

    fn put_new(&self, delivery: &Delivery) -> Write {
        let put = self.0.put(write(delivery));
        put.only_if("attribute_not_exists(event)")
    }

    /// Finds a delivery. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        endpoint: EndpointId,
        event: EventId,
    ) -> Result<Option<Delivery>, StoreError> {
        self.0
            .find(key(endpoint, event))
            .await?
            .map(read)
            .transpose()
    }

    /// Claims the attempt that follows `made` attempts, until `until`. `None` if it is not due, was made, or is being made: no two
    /// workers make the same attempt, unless one of them needs more time than its claim.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim(
        &self,
        endpoint: EndpointId,
        event: EventId,
        made: usize,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<Delivery>, StoreError> {
        let update = self
            .0
            .update(key(endpoint, event))
            .set("claimed_until = :until, due_at = :due")
            .only_if("#status = :pending AND made = :made AND next_at <= :soon")
            .only_if("attribute_not_exists(claimed_until) OR claimed_until <= :now")
            .bind([
                (":until", milliseconds(until)),
                // If the worker ends before it records the attempt, the attempt is made again.
                (":due", n(until.unix_timestamp() + 1)),
                (":pending", s(DeliveryStatus::Pending.as_str())),
                (":made", n(made)),
                (":soon", milliseconds(now + EARLY)),
                (":now", milliseconds(now)),
            ]);
        match update.send_marked(ReturnValue::AllNew).await? {
            Written::Done(Some(row)) => read(row).map(Some),
            Written::Done(None) => Err(StoreError::Corrupt("attributes")),
            Written::ConditionFailed(_) => Ok(None),
        }
    }

    /// Records a delivery after an attempt that was claimed until `claimed_until`. Says whether the claim still held; if not,
    /// another worker has made the attempt again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record(
        &self,
        delivery: &Delivery,
        claimed_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let due_at = delivery.next_at.map(|at| due::due_at(at, now));
        let update = self.set(delivery, due_at).remove("claimed_until");
        let update = update
            .set("attempts = :attempts")
            .only_if("#status = :pending AND claimed_until = :claim")
            .bind([
                (":attempts", attempts(&delivery.attempts)),
                (":claim", milliseconds(claimed_until)),
                (":pending", s(DeliveryStatus::Pending.as_str())),
            ]);
        let update = match delivery.payload {
            Some(_) => update,
            None => update.remove("payload"),
        };
        Ok(update.send_marked(ReturnValue::None).await?.is_done())
    }

    /// Gives a claim back without an attempt. The delivery is due again at `at`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn postpone(
        &self,
        delivery: &Delivery,
        claimed_until: OffsetDateTime,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = self
            .0
            .update(key(delivery.endpoint, delivery.event))
            .set("due_at = :due")
            .remove("claimed_until")
            .only_if("claimed_until = :claim")
            .bind([
                (":due", n(at.unix_timestamp())),
                (":claim", milliseconds(claimed_until)),
            ]);
        update.send().await.map(|_| ())
    }

    /// Makes a delivery due again, unless its state changed since it was read as `from`, or an attempt is under way. Says whether
    /// it did. The next run of the schedule finds it, if no message orders the attempt before.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn restart(
        &self,
        from: &Delivery,
        to: &Delivery,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = self
            .set(to, Some(now))
            .only_if("#status = :from AND made = :from_made AND attribute_exists(payload)")
            .only_if("attribute_not_exists(claimed_until) OR claimed_until <= :claims")
            .bind([
                (":from", s(from.status.as_str())),
                (":from_made", n(from.made)),
                (":claims", milliseconds(now)),
            ]);
        Ok(update.send_marked(ReturnValue::None).await?.is_done())
    }

    /// The update of what changes of a delivery, but its attempts and its payload.
    fn set(&self, delivery: &Delivery, due_at: Option<OffsetDateTime>) -> Write {
        let update = self
            .0
            .update(key(delivery.endpoint, delivery.event))
            .set("#status = :status, made = :made_now")
            .bind([
                (":status", s(delivery.status.as_str())),
                (":made_now", n(delivery.made)),
            ]);
        match delivery.next_at.zip(due_at) {
            Some((next_at, due_at)) => update
                .set("next_at = :next, due_shard = :shard, due_at = :due")
                .bind([
                    (":next", milliseconds(next_at)),
                    (":shard", s(due::shard(delivery.event))),
                    (":due", n(due_at.unix_timestamp())),
                ]),
            None => update.remove("next_at, due_shard, due_at"),
        }
    }
}

pub(super) fn key(endpoint: EndpointId, event: EventId) -> [(&'static str, String); 2] {
    [
        ("endpoint", endpoint.to_string()),
        ("event", event.to_string()),
    ]
}

/// The partition of what is kept about a user. It has a digest, because it outlives the account.
pub(super) fn user_key(user: UserId) -> String {
    format!("user#{}", sha256(user.to_string()))
}
