use std::collections::HashMap;

use axum::extract::FromRequestParts;
use domain::Invalid;
use http::request::Parts;
use http_api::{FieldError, Problem};

const REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "must be there",
};

/// The parameters of a query.
pub struct Asked(HashMap<String, String>);

impl Asked {
    /// A parameter, if it is there and not empty.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there and be right.
    pub fn required<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<T, Problem> {
        let value = self.optional(name).ok_or(REQUIRED);
        value
            .and_then(parse)
            .map_err(|invalid| refuse(name, invalid))
    }
}

/// 422 about a parameter.
pub fn refuse(name: &str, invalid: Invalid) -> Problem {
    Problem::invalid(vec![FieldError::at(format!("/{name}"), invalid)])
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Ok(Self(pairs.collect()))
    }
}
