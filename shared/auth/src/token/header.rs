use std::{borrow::Cow, collections::BTreeMap, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::Value;

use super::{TYPE, TokenError};

/// Members that would let a token choose its key or the rules of its verification (RFC 7515, section 4.1; RFC 7797).
const REFUSED: [&str; 6] = ["crit", "jku", "jwk", "x5u", "x5c", "b64"];

/// The members of a header that are used. Other members are ignored (RFC 7515, section 4).
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) kid: String,
}

impl Header {
    /// Parses the first part of a token.
    pub(super) fn parse(encoded: &str) -> Result<Self, TokenError> {
        let json = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| TokenError::Malformed)?;
        let Members(mut members) =
            serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        if let Some(refused) = REFUSED.into_iter().find(|name| members.contains_key(*name)) {
            return Err(TokenError::RefusedHeader(refused));
        }
        let mut take = |name| match members.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(TokenError::MissingHeader(name)),
        };
        if is_access_token(&take("typ")?) {
            Ok(Self {
                algorithm: take("alg")?,
                kid: take("kid")?,
            })
        } else {
            Err(TokenError::WrongType)
        }
    }
}

/// Compares case-insensitively, with or without `application/` (RFC 7515, section 4.1.9).
fn is_access_token(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    media_type
        .strip_prefix("application/")
        .unwrap_or(&media_type)
        == TYPE
}

/// A JSON object without duplicate members: parsers disagree on which of two counts (RFC 7515, section 4).
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<Cow<'_, str>, Value>()? {
                    if members.insert(name.into_owned(), value).is_some() {
                        return Err(A::Error::custom("duplicate member"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}
