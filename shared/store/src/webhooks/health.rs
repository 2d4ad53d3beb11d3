use domain::{
    EndpointId, EventId,
    webhook::{EndpointChange, FailureSpan},
};
use time::OffsetDateTime;

use super::{WebhookEndpoints, endpoints::key};
use crate::{
    StoreError,
    row::{at, milliseconds, n, s},
};

/// How many attempts at a time are made to an endpoint that fails, so that a dead endpoint delays none of the others.
pub const SLOTS: u8 = 4;

impl WebhookEndpoints {
    /// Claims a slot of a failing endpoint until `until`, for an attempt to deliver this event. Says whether it was free.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_slot(
        &self,
        id: EndpointId,
        event: EventId,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let slot = slot(event);
        let update = self
            .0
            .update(key(id))
            .set(format!("{slot} = :until"))
            .only_if("attribute_exists(id)")
            .only_if(format!("attribute_not_exists({slot}) OR {slot} <= :now"))
            .bind([(":until", milliseconds(until)), (":now", milliseconds(now))]);
        Ok(update.send().await?.is_done())
    }

    /// Records what an attempt changes of its endpoint, and frees its slot if it had one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record(
        &self,
        id: EndpointId,
        event: EventId,
        change: EndpointChange,
        has_slot: bool,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = self.0.update(key(id)).only_if("attribute_exists(id)");
        let update = match change {
            EndpointChange::None if !has_slot => return Ok(()),
            EndpointChange::None => update,
            EndpointChange::Recovered => update.remove("failing_since, failed_at"),
            EndpointChange::Failing(FailureSpan { since, last }) => update
                .set("failing_since = :since, failed_at = :last")
                .bind([
                    (":since", milliseconds(since)),
                    (":last", milliseconds(last)),
                ]),
            EndpointChange::Disabled(reason) => update
                .set("disabled = :reason, updated_at = :now, #version = #version + :one")
                // An administrator's word stays.
                .only_if("attribute_not_exists(disabled)")
                .bind([
                    (":reason", s(reason.as_str())),
                    (":now", at(now)),
                    (":one", n(1)),
                ]),
        };
        let update = if has_slot {
            update.remove(slot(event))
        } else {
            update
        };
        update.send().await.map(|_| ())
    }
}

fn slot(event: EventId) -> String {
    format!("slot_{}", event.as_bytes()[15] % SLOTS)
}
