use domain::EventId;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    EventType,
    data::{EntitlementData, OrderData, ProductData, UploadData, UserData},
    event_type::Kind,
};

/// Something that has happened to one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Identifies the event. The same event has the same id, however often it is delivered.
    pub id: EventId,
    /// What has happened.
    pub kind: EventType,
    /// When it happened.
    pub time: OffsetDateTime,
    /// What it happened to, such as `order/0190…`.
    pub subject: String,
    /// The version of the subject after the change. A later event never has a lower version.
    pub version: u64,
    /// The subject after the change.
    pub data: Data,
}

/// The data of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// A user.
    User(UserData),
    /// A file.
    Upload(UploadData),
    /// A product.
    Product(ProductData),
    /// An order.
    Order(OrderData),
    /// A right to a product.
    Entitlement(EntitlementData),
}

/// Why a text is not an event.
#[derive(Debug, Error)]
pub enum EventError {
    /// It is not JSON, or a member of the envelope or of the data is missing.
    #[error("not an event: {0}")]
    Json(#[from] serde_json::Error),
    /// This version does not know the type.
    #[error("the type `{0}` is unknown")]
    UnknownType(String),
    /// The id or the time is malformed.
    #[error("`{0}` is malformed")]
    Malformed(&'static str),
}

/// The envelope in JSON.
#[derive(Serialize, Deserialize)]
struct Envelope<D> {
    id: String,
    r#type: String,
    time: String,
    subject: String,
    version: u64,
    data: D,
}

impl Event {
    /// The event of a change to `subject` that led to `version`.
    #[must_use]
    pub fn new(
        kind: EventType,
        time: OffsetDateTime,
        subject: String,
        version: u64,
        data: Data,
    ) -> Self {
        Self {
            id: EventId::of_digest(time, digest(kind, &subject, version)),
            kind,
            time,
            subject,
            version,
            data,
        }
    }

    /// The event as other systems get it: without the address of a deleted user.
    #[must_use]
    pub fn public(&self) -> Self {
        let mut event = self.clone();
        if let Data::User(data) = &mut event.data {
            data.address_id = None;
        }
        event
    }

    /// The envelope as JSON.
    ///
    /// # Errors
    /// When the time is after the year 9999.
    pub fn to_json(&self) -> Result<String, EventError> {
        let time = self.time.format(&Rfc3339);
        Ok(serde_json::to_string(&Envelope {
            id: self.id.name(),
            r#type: self.kind.name().to_owned(),
            time: time.map_err(|_| EventError::Malformed("time"))?,
            subject: self.subject.clone(),
            version: self.version,
            data: &self.data,
        })?)
    }

    /// Parses an envelope. Members that this version does not know are ignored, so that later versions can add some.
    ///
    /// # Errors
    /// When the text is not an event of a known type.
    pub fn parse(json: &str) -> Result<Self, EventError> {
        let envelope: Envelope<Value> = serde_json::from_str(json)?;
        let kind = EventType::parse(&envelope.r#type)
            .ok_or_else(|| EventError::UnknownType(envelope.r#type.clone()))?;
        Ok(Self {
            id: EventId::parse_name(&envelope.id).map_err(|_| EventError::Malformed("id"))?,
            kind,
            time: OffsetDateTime::parse(&envelope.time, &Rfc3339)
                .map_err(|_| EventError::Malformed("time"))?,
            subject: envelope.subject,
            version: envelope.version,
            data: Data::parse(kind, envelope.data)?,
        })
    }
}

impl Data {
    fn parse(kind: EventType, data: Value) -> Result<Self, EventError> {
        Ok(match kind.kind() {
            Kind::User => Self::User(serde_json::from_value(data)?),
            Kind::Upload => Self::Upload(serde_json::from_value(data)?),
            Kind::Product => Self::Product(serde_json::from_value(data)?),
            Kind::Order => Self::Order(serde_json::from_value(data)?),
            Kind::Entitlement => Self::Entitlement(serde_json::from_value(data)?),
        })
    }
}

/// The digest of what makes an event unique. A subject has at most one change of a type that leads to a version.
fn digest(kind: EventType, subject: &str, version: u64) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in [kind.name(), subject, &version.to_string()] {
        // No part contains a line break.
        context.update(part.as_bytes());
        context.update(b"\n");
    }
    let digest = context.finish();
    std::array::from_fn(|at| digest.as_ref()[at])
}

#[cfg(test)]
mod tests {
    use domain::UserId;
    use time::macros::datetime;

    use super::*;

    fn event(version: u64) -> Event {
        let now = datetime!(2026-01-01 00:00:00.5 UTC);
        let user_id = UserId::from_bytes([7; 16]);
        let data = Data::User(UserData::of(user_id));
        let subject = format!("user/{user_id}");
        Event::new(EventType::UserCreated, now, subject, version, data)
    }

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let json = event(1).to_json().unwrap();
        assert_eq!(Event::parse(&json).unwrap(), event(1));
        assert_eq!(
            json,
            "{\"id\":\"evt_019b76da-a9f4-7264-9eba-b2cdf9d7671c\",\"type\":\"user.created\",\
             \"time\":\"2026-01-01T00:00:00.5Z\",\
             \"subject\":\"user/07070707-0707-0707-0707-070707070707\",\"version\":1,\
             \"data\":{\"userId\":\"07070707-0707-0707-0707-070707070707\"}}"
        );
    }

    #[test]
    fn only_the_same_change_has_the_same_id() {
        assert_eq!(event(1).id, event(1).id);
        assert_ne!(event(1).id, event(2).id);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let json = event(1).to_json().unwrap();
        for (from, to) in [
            ("user.created", "user.renamed"),
            ("evt_", ""),
            ("2026-01-01T", "2026-13-01T"),
            ("\"userId\"", "\"id\""),
            ("\"version\":1", "\"version\":-1"),
        ] {
            let bad = json.replace(from, to);
            assert!(Event::parse(&bad).is_err(), "{bad}");
        }
        let more = json.replace("\"version\":1", "\"version\":1,\"later\":true");
        assert_eq!(Event::parse(&more).unwrap(), event(1));
    }
}
