use std::collections::HashMap;

use axum::extract::FromRequestParts;
use domain::Invalid;
use http::request::Parts;
use http_api::{FieldError, Problem};

const REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "This parameter is required.",
};

/// The parameters of a query.
pub struct QueryParams(HashMap<String, String>);

impl QueryParams {
    /// Returns a parameter, if it is present.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a parameter, if it is present and not empty.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Parses a required parameter.
    pub fn required<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<T, Problem> {
        let value = self.optional(name).ok_or(REQUIRED);
        value
            .and_then(parse)
            .map_err(|invalid| invalid_param(name, invalid))
    }
}

/// 422: a parameter is invalid.
pub fn invalid_param(name: &str, invalid: Invalid) -> Problem {
    Problem::invalid(vec![FieldError::at(format!("/{name}"), invalid)])
}

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Ok(Self(pairs.collect()))
    }
}
