use std::fmt;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, error::Category};

use crate::{Fields, FromFields, Problem};

/// The largest body of a route, unless its request type has another limit: 64 KiB.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

const NOT_JSON: Problem = Problem::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "not_json",
    "The body is not declared as JSON. Send JSON with `Content-Type: application/json`.",
);
const TOO_LARGE: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "body_too_large",
    "The body is too large. Send at most 64 KiB.",
);
const OVER_ONE_MIB: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "body_too_large",
    "The body is too large. Send at most 1 MiB.",
);
const MALFORMED: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "malformed_json",
    "The body is not valid JSON, or it is nested too deeply. Correct it and send it again.",
);
const DUPLICATE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "duplicate_field",
    "An object in the body has the same field twice. Send each field once.",
);

/// Extracts a `T` from a JSON body.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: FromFields, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(NOT_JSON);
        }
        let bytes = collect(request.into_body(), T::MAX_BYTES).await?;
        from_json(&bytes).map(Self)
    }
}

/// Parses a `T` from JSON text, by the rules for bodies.
///
/// # Errors
/// 400 when the text is not JSON or has a member twice, 422 with all invalid fields.
pub fn from_json<T: FromFields>(text: &[u8]) -> Result<T, Problem> {
    Fields::read(parse(text)?)
}

/// Accepts `application/json` and `application/<something>+json` (RFC 6839), with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let Some(content_type) = content_type else {
        return false;
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence
        .strip_prefix("application/")
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

async fn collect(body: Body, limit: usize) -> Result<bytes::Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() && limit > MAX_BYTES => Err(OVER_ONE_MIB),
        Err(error) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
        Err(_) => Err(MALFORMED),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes)
        .map(|Unique(value)| value)
        .map_err(|error| match error.classify() {
            // From `UniqueVisitor`; all other errors come from the parser.
            Category::Data => DUPLICATE,
            Category::Io | Category::Syntax | Category::Eof => MALFORMED,
        })
}

/// A JSON value without duplicate members. RFC 8259, section 4, does not define which of two members counts; programs
/// that choose differently let checks be bypassed.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unique(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_known_by_its_content_type() {
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/json", false),
            ("application/jsonp", false),
            ("text/plain", false),
            ("", false),
        ] {
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(value))];
            assert_eq!(is_json(&HeaderMap::from_iter(headers)), json, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn malformed_deep_and_duplicate_bodies_are_refused() {
        let deep = "[".repeat(10_000);
        for (body, code) in [
            ("", "malformed_json"),
            ("{", "malformed_json"),
            ("{\"a\": 1,}", "malformed_json"),
            ("{} {}", "malformed_json"),
            ("\u{feff}{}", "malformed_json"),
            ("{\"a\": \"\\ud800\"}", "malformed_json"),
            ("{\"a\": 1e999}", "malformed_json"),
            (&deep, "malformed_json"),
            ("{\"a\": 1, \"\\u0061\": 2}", "duplicate_field"),
            ("{\"a\": [{\"b\": 1, \"b\": 1}]}", "duplicate_field"),
        ] {
            assert_eq!(
                parse(body.as_bytes()).unwrap_err().code(),
                code,
                "{body:.40}"
            );
        }
        assert_eq!(
            parse(b"{\"a\": \"\xff\"}").unwrap_err().code(),
            "malformed_json"
        );
    }

    proptest! {
        #[test]
        fn a_parsed_body_equals_the_value_of_serde_json(text in "[\\[\\]{}\",:0-9a\\\\ .eE-]{0,40}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
