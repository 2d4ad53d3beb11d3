use aws_sdk_dynamodb::{Client, types::ReturnValue};
use domain::{
    EndpointId,
    webhook::{Endpoint, Secret, Secrets},
};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use super::endpoint_item::{WITHOUT_SECRETS, change, read, read_secrets, write};
use crate::{
    NewRecord, StoreError,
    expression::names,
    row::{Row, at, milliseconds, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
};

/// The id of the item that counts the endpoints.
const COUNT: &str = "count";

/// The endpoints of webhooks: id -> URL, types of events, state and secrets.
#[derive(Debug, Clone)]
pub struct WebhookEndpoints(pub(super) Table);

/// How the creation of an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointCreation {
    /// The endpoint is created.
    Created,
    /// There are as many endpoints as are allowed.
    LimitReached,
    /// Another request with this idempotency key came first.
    IdempotencyKeyUsed,
}

/// How a change of an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointUpdate {
    /// The endpoint is changed.
    Changed,
    /// It was changed by another request since it was read, or deleted.
    Conflict,
}

/// The parts of a creation or a deletion, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Endpoint,
    Count,
}

impl WebhookEndpoints {
    /// The table that `WEBHOOK_ENDPOINTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "WEBHOOK_ENDPOINTS_TABLE").map(Self)
    }

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up(["id"]).await;
    }

    /// Creates an endpoint, unless there are `limit` already. A `record` stores the response, for a repeated request.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn create(
        &self,
        endpoint: &Endpoint,
        secret: &Secret,
        limit: usize,
        record: Option<NewRecord<'_>>,
    ) -> Result<EndpointCreation, StoreError> {
        let put = self.0.put(write(endpoint, secret));
        let put = put.only_if("attribute_not_exists(id)");
        let count = self
            .0
            .update([("id", COUNT.to_owned())])
            .add("endpoints :one")
            .only_if("attribute_not_exists(endpoints) OR endpoints < :limit")
            .bind([(":one", n(1)), (":limit", n(limit))]);
        let answer = record.map(|record| record.put(endpoint.created_at));
        let creation = Transaction::of((Part::Endpoint, put), (Part::Count, count))?
            .and_maybe(Part::Answer, answer)?;
        Ok(match creation.commit().await? {
            Outcome::Committed => EndpointCreation::Created,
            Outcome::Refused(failed) => match failed.first() {
                Part::Answer => EndpointCreation::IdempotencyKeyUsed,
                // An id is never used twice.
                Part::Endpoint => return Err(StoreError::Corrupt("id")),
                Part::Count => EndpointCreation::LimitReached,
            },
        })
    }

    /// All endpoints, newest first, without their secrets.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(&self) -> Result<Vec<Endpoint>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let scan = self.0.client.scan().table_name(&self.0.name);
            let page = scan
                .projection_expression(WITHOUT_SECRETS)
                .set_expression_attribute_names(names([WITHOUT_SECRETS].into_iter()))
                .consistent_read(true)
                .set_exclusive_start_key(after)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                found.extend(read(&mut Row(item))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                found.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.id));
                return Ok(found);
            }
        }
    }

    /// Finds an endpoint, without its secrets. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        match self.0.find_attributes(key(id), WITHOUT_SECRETS).await? {
            Some(mut row) => read(&mut row),
            None => Ok(None),
        }
    }

    /// Finds an endpoint with its secrets. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_with_secrets(
        &self,
        id: EndpointId,
    ) -> Result<Option<(Endpoint, Secrets)>, StoreError> {
        let Some(mut row) = self.0.find(key(id)).await? else {
            return Ok(None);
        };
        let endpoint = read(&mut row)?;
        let secrets = read_secrets(&mut row)?;
        Ok(endpoint.map(|endpoint| (endpoint, secrets)))
    }

    /// Changes an endpoint that still has the version `from`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn update(
        &self,
        from: u64,
        endpoint: &Endpoint,
    ) -> Result<EndpointUpdate, StoreError> {
        let update = change(self.0.update(key(endpoint.id)), endpoint)
            .only_if("#version = :from")
            .bind([(":from", n(from))]);
        if update.send().await?.is_done() {
            return Ok(EndpointUpdate::Changed);
        }
        // The change may have been made by an earlier try whose reply got lost.
        let now = self.find(endpoint.id).await?;
        Ok(if now.as_ref() == Some(endpoint) {
            EndpointUpdate::Changed
        } else {
            EndpointUpdate::Conflict
        })
    }

    /// Deletes an endpoint. Says whether there was one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn delete(&self, id: EndpointId) -> Result<bool, StoreError> {
        let delete = self.0.delete(key(id)).only_if("attribute_exists(id)");
        let count = self
            .0
            .update([("id", COUNT.to_owned())])
            .add("endpoints :minus_one")
            .bind([(":minus_one", n(-1))]);
        let deletion = Transaction::of((Part::Endpoint, delete), (Part::Count, count))?;
        Ok(deletion.commit().await? == Outcome::Committed)
    }

    /// Makes `secret` the secret of an endpoint. The old one also signs until `until`. Says whether there is such an endpoint.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn rotate(
        &self,
        id: EndpointId,
        secret: &Secret,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = self
            .0
            .update(key(id))
            .set("previous_secret = secret, previous_until = :until, secret = :secret")
            .set("#version = #version + :one, updated_at = :now")
            // A try whose reply got lost must not make the new secret the old one.
            .only_if("attribute_exists(id) AND NOT secret = :secret")
            .bind([
                (":secret", s(secret.text())),
                (":until", milliseconds(until)),
                (":one", n(1)),
                (":now", at(now)),
            ]);
        let done = update.send_for(ReturnValue::None).await?.is_done();
        Ok(done || self.find(id).await?.is_some())
    }
}

pub(super) fn key(id: EndpointId) -> [(&'static str, String); 1] {
    [("id", id.to_string())]
}
