use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
    operation::update_item::UpdateItemError,
    primitives::{DateTime, DateTimeFormat},
    types::{AttributeValue, ReturnValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Error, entry::Entry, store::WriteOutcome};
use crate::aws::AwsError;

/// The table of the public keys of a stack.
pub(super) struct PublicKeyItems {
    client: Client,
    pub(super) table: String,
    endpoint: String,
    server_time: ServerTime,
}

impl PublicKeyItems {
    pub(super) fn new(client: &Client, table: String, endpoint: String) -> Self {
        let server_time = ServerTime::default();
        let config = client
            .config()
            .to_builder()
            .interceptor(server_time.clone());
        Self {
            client: Client::from_conf(config.build()),
            table,
            endpoint,
            server_time,
        }
    }

    /// Lists all keys with their values.
    pub(super) async fn list(&self) -> Result<Vec<Entry>, Error> {
        let scan = self.client.scan().table_name(&self.table);
        let mut items = scan.consistent_read(true).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| self.error("dynamodb:Scan", &error))?;
            found.extend(self.entry(&item));
        }
        Ok(found)
    }

    fn entry(&self, item: &HashMap<String, AttributeValue>) -> Option<Entry> {
        let text = |name: &str| item.get(name)?.as_s().ok().map(String::as_str);
        let kid = text("kid")?;
        let modified = text("modified_at").and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        let version = item
            .get("version")
            .and_then(|n| n.as_n().ok()?.parse().ok());
        Some(Entry {
            name: format!("{FOLDER}/{kid}"),
            full_name: self.full_name(kid),
            kind: "DynamoDB",
            version: version.unwrap_or_default(),
            modified,
            value: text("value").map(Into::into),
        })
    }

    /// Returns the name of a key for messages.
    pub(super) fn full_name(&self, kid: &str) -> String {
        format!("{}/{kid}", self.table)
    }

    /// Writes a key, encrypted like the whole table with the AWS account's `aws/dynamodb` key.
    pub(super) async fn write(
        &self,
        kid: &str,
        value: &SecretString,
        overwrite: bool,
        now: OffsetDateTime,
    ) -> Result<WriteOutcome, Error> {
        let now = now.format(&Rfc3339).unwrap_or_default();
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("kid", AttributeValue::S(kid.to_owned()))
            .update_expression("SET #value = :value, modified_at = :now ADD version :one")
            .expression_attribute_names("#value", "value")
            .expression_attribute_values(
                ":value",
                AttributeValue::S(value.expose_secret().to_owned()),
            )
            .expression_attribute_values(":now", AttributeValue::S(now))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .set_condition_expression((!overwrite).then(|| "attribute_not_exists(kid)".to_owned()))
            .return_values(ReturnValue::UpdatedNew);
        match update.send().await {
            Ok(done) => {
                let version = done.attributes().and_then(|new| new.get("version"));
                let version = version.and_then(|version| version.as_n().ok()?.parse().ok());
                Ok(WriteOutcome::Written(version.unwrap_or_default()))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(WriteOutcome::AlreadyExists)
            }
            Err(error) => Err(self.error("dynamodb:UpdateItem", &error)),
        }
    }

    /// Deletes a key. A missing key counts as deleted.
    pub(super) async fn delete(&self, kid: &str) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("kid", AttributeValue::S(kid.to_owned()));
        let done = delete.send().await;
        done.map_err(|error| self.error("dynamodb:DeleteItem", &error))?;
        Ok(())
    }

    /// Returns the time of the last response by the clock of the server, to the second.
    pub(super) fn server_time(&self) -> Option<OffsetDateTime> {
        *self.server_time.lock()
    }

    fn error<E>(&self, action: &'static str, error: &aws_sdk_ssm::error::SdkError<E>) -> Error
    where
        E: aws_sdk_ssm::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        AwsError::from_call(action, &self.table, &self.endpoint, error).into()
    }
}

/// The part of a key's name before its id.
pub(super) const FOLDER: &str = "keys/public";

/// Records the `Date` header of each response.
#[derive(Debug, Clone, Default)]
struct ServerTime(Arc<Mutex<Option<OffsetDateTime>>>);

impl ServerTime {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<OffsetDateTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "server time"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        if let Some(date) = date {
            *self.lock() = OffsetDateTime::from_unix_timestamp(date.secs()).ok();
        }
        Ok(())
    }
}
