use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

time::serde::format_description!(
    millis,
    OffsetDateTime,
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
);

/// A time: RFC 3339 in UTC, always with milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(#[serde(with = "millis")] pub OffsetDateTime);
