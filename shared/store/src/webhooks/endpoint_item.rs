use std::collections::BTreeSet;

use domain::{
    EndpointId,
    webhook::{
        Description, DisableReason, Endpoint, EndpointUrl, FailureSpan, Reach, Secret, Secrets,
        Subscription,
    },
};

use crate::{
    StoreError,
    row::{Row, at, item, milliseconds, n, s, words},
    write::{Item, Write},
};

/// All attributes but the secrets: the role of `webhooks` allows no other to be read.
pub(super) const WITHOUT_SECRETS: &str = "id, #url, event_types, description, disabled, failing_since, failed_at, #version, \
     created_at, updated_at";

/// The item of a new endpoint.
pub(super) fn write(endpoint: &Endpoint, secret: &Secret) -> Item {
    let mut item = item([
        ("id", s(endpoint.id.to_string())),
        ("url", s(endpoint.url.as_str())),
        ("description", s(endpoint.description.as_str())),
        ("version", n(endpoint.version)),
        ("created_at", at(endpoint.created_at)),
        ("updated_at", at(endpoint.updated_at)),
        ("secret", s(secret.text())),
    ]);
    if let Some(types) = types(&endpoint.subscription) {
        item.insert("event_types".to_owned(), types);
    }
    if let Some(reason) = endpoint.disabled {
        item.insert("disabled".to_owned(), s(reason.as_str()));
    }
    item
}

/// The update that gives an item the attributes of an endpoint.
pub(super) fn change(update: Write, endpoint: &Endpoint) -> Write {
    let update = update
        .set("#url = :url, description = :description, #version = :version, updated_at = :now")
        .bind([
            (":url", s(endpoint.url.as_str())),
            (":description", s(endpoint.description.as_str())),
            (":version", n(endpoint.version)),
            (":now", at(endpoint.updated_at)),
        ]);
    let update = match types(&endpoint.subscription) {
        Some(types) => update.set("event_types = :types").bind([(":types", types)]),
        None => update.remove("event_types"),
    };
    let update = match endpoint.disabled {
        Some(reason) => update
            .set("disabled = :disabled")
            .bind([(":disabled", s(reason.as_str()))]),
        None => update.remove("disabled"),
    };
    match endpoint.failing {
        Some(span) => update
            .set("failing_since = :since, failed_at = :failed")
            .bind([
                (":since", milliseconds(span.since)),
                (":failed", milliseconds(span.last)),
            ]),
        None => update.remove("failing_since, failed_at"),
    }
}

/// A set of types; `None` for all types.
fn types(subscription: &Subscription) -> Option<aws_sdk_dynamodb::types::AttributeValue> {
    match subscription {
        Subscription::All => None,
        Subscription::Types(types) => words(types.iter().map(String::as_str)),
    }
}

/// Reads an endpoint; `None` if the item is the count of endpoints.
pub(super) fn read(row: &mut Row) -> Result<Option<Endpoint>, StoreError> {
    let Some(url) = row.optional_text("url") else {
        return Ok(None);
    };
    let types: BTreeSet<_> = row.words("event_types").into_iter().collect();
    let since = row.optional_milliseconds("failing_since");
    let failed_at = row.optional_milliseconds("failed_at");
    Ok(Some(Endpoint {
        id: row.parsed("id", EndpointId::parse)?,
        // Where it may lead is checked before each attempt.
        url: EndpointUrl::parse(&url, Reach::Loopback).map_err(|_| StoreError::Corrupt("url"))?,
        subscription: if types.is_empty() {
            Subscription::All
        } else {
            Subscription::Types(types)
        },
        description: row.parsed("description", Description::parse)?,
        disabled: row
            .optional_text("disabled")
            .map(|word| DisableReason::parse(&word).ok_or(StoreError::Corrupt("disabled")))
            .transpose()?,
        failing: since
            .zip(failed_at)
            .map(|(since, last)| FailureSpan { since, last }),
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    }))
}

pub(super) fn read_secrets(row: &mut Row) -> Result<Secrets, StoreError> {
    let secret = |text: String| Secret::parse(&text).ok_or(StoreError::Corrupt("secret"));
    let previous = row.optional_text("previous_secret").map(secret);
    let until = row.optional_milliseconds("previous_until");
    Ok(Secrets {
        current: secret(row.text("secret")?)?,
        previous: previous.transpose()?.zip(until),
    })
}
