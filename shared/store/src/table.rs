use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::Builder,
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, KeysAndAttributes},
};
use aws_types::SdkConfig;
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    capacity::CountCapacity,
    expression::{check_values, names},
    row::{Row, item, s},
    transaction::Pauses,
    write::{Check, Item, Write},
};

/// How long a start waits for the database. Lambda ends a start after ten seconds and begins again, and a longer wait would
/// use up the time of the first request.
const WARM_UP_LIMIT: Duration = Duration::from_secs(1);

/// A table, and the client that reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub client: Client,
    pub name: String,
}

impl Table {
    pub fn from_env(env: &Env, client: &Client, variable: &'static str) -> Result<Self, EnvError> {
        Ok(Self {
            client: client.clone(),
            name: env.required(variable)?,
        })
    }

    /// The item of a key. Strongly consistent: reads what was written a moment ago.
    pub async fn find<const N: usize>(
        &self,
        key: [(&str, String); N],
    ) -> Result<Option<Row>, StoreError> {
        let get = self.client.get_item().table_name(&self.name);
        let get = get.set_key(Some(texts(key)));
        let found = get.consistent_read(true).send().await?;
        Ok(found.item.map(Row))
    }

    /// Some attributes of the item of a key, for callers that may read no others. Strongly consistent.
    pub async fn find_attributes<const N: usize>(
        &self,
        key: [(&str, String); N],
        attributes: &str,
    ) -> Result<Option<Row>, StoreError> {
        let get = self.client.get_item().table_name(&self.name);
        let found = get
            .set_key(Some(texts(key)))
            .projection_expression(attributes)
            .set_expression_attribute_names(names([attributes].into_iter()))
            .consistent_read(true)
            .send()
            .await?;
        Ok(found.item.map(Row))
    }

    /// The items of up to 100 different keys, in any order; `attributes` selects some of their attributes. Keys that `DynamoDB`
    /// leaves unprocessed are requested again, until the request's deadline ends it.
    pub async fn find_batch(
        &self,
        keys: Vec<Item>,
        attributes: Option<&str>,
        is_consistent: bool,
    ) -> Result<Vec<Row>, StoreError> {
        let (mut found, mut left, mut pauses) = (Vec::new(), keys, Pauses::default());
        while !left.is_empty() {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(left))
                .set_projection_expression(attributes.map(str::to_owned))
                .set_expression_attribute_names(names(attributes.into_iter()))
                .consistent_read(is_consistent)
                .build()?;
            let batch = self.client.batch_get_item();
            let answer = batch.request_items(&self.name, wanted).send().await?;
            let items = answer.responses.and_then(|mut of| of.remove(&self.name));
            found.extend(items.unwrap_or_default().into_iter().map(Row));
            let unprocessed = answer.unprocessed_keys;
            let unprocessed = unprocessed.and_then(|mut of| of.remove(&self.name));
            left = unprocessed.map_or_else(Vec::new, |wanted| wanted.keys);
            if !left.is_empty() {
                pauses.next().await;
            }
        }
        Ok(found)
    }

    /// The item of a key until its `expires_at`. TTL deletes late, so it is not relied upon.
    pub async fn find_unexpired(
        &self,
        key: (&str, String),
        now: OffsetDateTime,
    ) -> Result<Option<Row>, StoreError> {
        let Some(mut row) = self.find([key]).await? else {
            return Ok(None);
        };
        let expires_at: i64 = row.number("expires_at")?;
        Ok((expires_at > now.unix_timestamp()).then_some(row))
    }

    /// A query by a condition on the key.
    pub fn query(
        &self,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> QueryFluentBuilder {
        self.query_texts(condition, None, values)
    }

    /// A query by a condition on the key, without the items that `filter` does not hold for.
    pub fn query_filtered(
        &self,
        condition: &str,
        filter: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> QueryFluentBuilder {
        self.query_texts(condition, Some(filter), values)
    }

    fn query_texts(
        &self,
        condition: &str,
        filter: Option<&str>,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> QueryFluentBuilder {
        let values: Item = values
            .into_iter()
            .map(|(placeholder, value)| (placeholder.to_owned(), value))
            .collect();
        let texts = || [condition].into_iter().chain(filter);
        check_values(texts(), values.keys().map(String::as_str));
        let query = self.client.query().table_name(&self.name);
        query
            .key_condition_expression(condition)
            .set_filter_expression(filter.map(str::to_owned))
            .set_expression_attribute_names(names(texts()))
            .set_expression_attribute_values(Some(values))
    }

    /// Replaces the item of a key.
    pub fn put(&self, item: Item) -> Write {
        Write::put(self, item)
    }

    /// Changes the item of a key, or creates it.
    pub fn update<const N: usize>(&self, key: [(&str, String); N]) -> Write {
        Write::update(self, texts(key))
    }

    /// Deletes the item of a key.
    pub fn delete<const N: usize>(&self, key: [(&str, String); N]) -> Write {
        Write::delete(self, texts(key))
    }

    /// A condition on the item of a key that a transaction does not write.
    pub fn check<const N: usize>(
        &self,
        key: [(&str, String); N],
        condition: impl Into<String>,
    ) -> Check {
        Check::new(self, texts(key), condition)
    }

    /// Opens the connection ahead of the first request, by a read of a key that no item has. An error is logged: the first
    /// request meets it again.
    pub async fn warm_up<const N: usize>(&self, key: [&str; N]) {
        let get = self.client.get_item().table_name(&self.name);
        let get = get.set_key(Some(item(key.map(|name| (name, s("-"))))));
        let problem = match tokio::time::timeout(WARM_UP_LIMIT, get.send()).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => StoreError::from(error).to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::warn!(table = self.name, problem, "warm_up_failed");
    }
}

fn texts<const N: usize>(key: [(&str, String); N]) -> Item {
    item(key.map(|(name, value)| (name, s(value))))
}

/// A client of `DynamoDB`, or of the endpoint in `AWS_ENDPOINT_URL_DYNAMODB`.
#[must_use]
pub fn client(env: &Env, config: &SdkConfig) -> Client {
    let mut config = Builder::from(config).interceptor(CountCapacity);
    config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned));
    Client::from_conf(config.build())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn key(id: &str) -> Item {
        item([("id", s(id))])
    }

    fn wanted(ids: &[&str]) -> KeysAndAttributes {
        let keys = ids.iter().map(|id| key(id)).collect();
        KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .build()
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn unprocessed_keys_of_a_batch_are_requested_again() {
        let first = mock!(Client::batch_get_item).then_output(|| {
            BatchGetItemOutput::builder()
                .responses("table", vec![key("a")])
                .unprocessed_keys("table", wanted(&["b"]))
                .build()
        });
        let second = mock!(Client::batch_get_item)
            .match_requests(|request| {
                let tables = request.request_items().unwrap();
                tables["table"].keys() == wanted(&["b"]).keys()
                    && tables["table"].projection_expression() == Some("id, #status")
            })
            .then_output(|| {
                BatchGetItemOutput::builder()
                    .responses("table", vec![key("b")])
                    .build()
            });
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&first, &second]);
        let table = Table {
            client,
            name: "table".to_owned(),
        };
        let keys = vec![key("a"), key("b")];
        let found = table.find_batch(keys, Some("id, #status"), true).await;
        let found: Vec<_> = found.unwrap().into_iter().map(|Row(item)| item).collect();
        assert_eq!(found, [key("a"), key("b")]);
        assert!(
            table
                .find_batch(Vec::new(), None, true)
                .await
                .unwrap()
                .is_empty()
        );
    }
}
