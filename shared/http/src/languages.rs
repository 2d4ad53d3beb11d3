use std::convert::Infallible;

use axum::extract::FromRequestParts;
use domain::Languages;
use http::{header::ACCEPT_LANGUAGE, request::Parts};

/// The languages that the caller prefers, for a mail that the request orders: `Accept-Language`. Never refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AcceptLanguage(pub Languages);

impl<S: Sync> FromRequestParts<S> for AcceptLanguage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get(ACCEPT_LANGUAGE);
        let text = header.and_then(|value| value.to_str().ok());
        Ok(Self(text.map(Languages::parse).unwrap_or_default()))
    }
}
