//! Verifies AWS Signature Version 4 in the `Authorization` header: computes the expected signature with the AWS SDK's
//! signer and compares the two.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{self, SignableBody, SignableRequest, SigningSettings},
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, HOST},
    request::Parts,
};
use sam_template::REGION;
use subtle::ConstantTimeEq;
use thiserror::Error;
use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};

use crate::iam::SESSION_TOKEN;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE_HEADER: &str = "x-amz-date";
const TOKEN_HEADER: &str = "x-amz-security-token";
/// The maximum difference between the request's time and the engine's. All engines use S3's limit.
const MAX_SKEW: Duration = Duration::minutes(15);

/// Why a request is not authenticated.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Unauthenticated {
    /// There is no signature.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A part of the header is missing, or a required header is not signed.
    #[error("Authorization header requires {0}.")]
    Incomplete(&'static str),
    /// The access key id or the session token is unknown.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The signature is for another service, region or day.
    #[error("Credential should be scoped to {0}.")]
    Scope(String),
    /// The request's time is too far from the engine's.
    #[error("Signature expired: {sent} is more than 15 minutes from {now}")]
    Expired {
        /// The time in the request.
        sent: String,
        /// The time of the engine.
        now: OffsetDateTime,
    },
    /// The secret is wrong, or the request was changed after signing.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. The secret of the local system is in endpoints.json, in its data directory."
    )]
    Mismatch,
}

impl Unauthenticated {
    /// Returns the error code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Scope(_) | Self::Expired { .. } | Self::Mismatch => "InvalidSignatureException",
        }
    }
}

/// The signature of a request.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    /// The access key id of the caller, which is not verified yet.
    pub(crate) access_key_id: &'a str,
    scope: Scope<'a>,
    signed_headers: Vec<&'a str>,
    /// In hexadecimal.
    mac: &'a str,
}

/// The credential scope: the day, region and service of the signing key.
#[derive(Debug)]
struct Scope<'a> {
    date: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
}

impl<'a> Signature<'a> {
    /// Parses `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/ssm/aws4_request, SignedHeaders=…, Signature=…`.
    pub(crate) fn read(headers: &'a HeaderMap) -> Result<Self, Unauthenticated> {
        let mut all = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (all.next(), all.next()) else {
            return Err(Unauthenticated::Missing);
        };
        let value = value.to_str().map_err(|_| Unauthenticated::Missing)?;
        let parameters = value
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or(Unauthenticated::Missing)?;
        let parameter = |name: &'static str| {
            let mut found = parameters.split(',').filter_map(|parameter| {
                let (found, value) = parameter.trim().split_once('=')?;
                (found == name).then_some(value)
            });
            match (found.next(), found.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(Unauthenticated::Incomplete(name)),
            }
        };
        let credential: Vec<_> = parameter("Credential")?.split('/').collect();
        let &[access_key_id, date, region, service, terminator] = credential.as_slice() else {
            return Err(Unauthenticated::Incomplete("Credential"));
        };
        if access_key_id.is_empty() {
            return Err(Unauthenticated::Missing);
        }
        Ok(Self {
            access_key_id,
            scope: Scope {
                date,
                region,
                service,
                terminator,
            },
            signed_headers: parameter("SignedHeaders")?.split(';').collect(),
            mac: parameter("Signature")?,
        })
    }

    /// Verifies that the request was signed with `secret` for `service`, at most 15 minutes before or after `now`.
    pub(crate) fn verify(
        &self,
        (parts, body): (&Parts, &[u8]),
        secret: &str,
        service: &'static str,
        now: OffsetDateTime,
    ) -> Result<(), Unauthenticated> {
        let time = self.check_time(&parts.headers, now)?;
        self.check_scope(service)?;
        self.check_signed_headers(&parts.headers)?;
        let expected = self
            .compute(parts, body, secret, time)
            .ok_or(Unauthenticated::Mismatch)?;
        let is_same = expected.as_bytes().ct_eq(self.mac.as_bytes());
        if !bool::from(is_same) {
            return Err(Unauthenticated::Mismatch);
        }
        check_session_token(&parts.headers)
    }

    fn check_time(
        &self,
        headers: &HeaderMap,
        now: OffsetDateTime,
    ) -> Result<OffsetDateTime, Unauthenticated> {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let sent = headers.get(DATE_HEADER).and_then(|sent| sent.to_str().ok());
        let sent = sent.ok_or(Unauthenticated::Incomplete("'X-Amz-Date'"))?;
        let time = PrimitiveDateTime::parse(sent, format)
            .map_err(|_| Unauthenticated::Incomplete("'X-Amz-Date'"))?
            .assume_utc();
        if (now - time).abs() > MAX_SKEW {
            let sent = sent.to_owned();
            return Err(Unauthenticated::Expired { sent, now });
        }
        if !sent.starts_with(self.scope.date) || self.scope.date.len() != 8 {
            let date = "the date of 'X-Amz-Date'".to_owned();
            return Err(Unauthenticated::Scope(date));
        }
        Ok(time)
    }

    fn check_scope(&self, service: &'static str) -> Result<(), Unauthenticated> {
        for (what, found, expected) in [
            ("correct service", self.scope.service, service),
            ("a valid region", self.scope.region, REGION),
            ("a valid terminator", self.scope.terminator, "aws4_request"),
        ] {
            if found != expected {
                return Err(Unauthenticated::Scope(format!("{what}: '{expected}'")));
            }
        }
        Ok(())
    }

    /// Checks that the host and all `X-Amz-*` headers are signed, and that all signed headers are present.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), Unauthenticated> {
        let is_signed = |name: &str| self.signed_headers.contains(&name);
        let must_be_signed = |name: &str| name == HOST.as_str() || name.starts_with("x-amz-");
        let all_signed = headers
            .keys()
            .all(|name| is_signed(name.as_str()) || !must_be_signed(name.as_str()));
        if !is_signed(HOST.as_str()) || !all_signed {
            return Err(Unauthenticated::Incomplete(
                "'Host' and every 'X-Amz-*' header in SignedHeaders",
            ));
        }
        if self
            .signed_headers
            .iter()
            .any(|name| !headers.contains_key(*name))
        {
            return Err(Unauthenticated::Mismatch);
        }
        Ok(())
    }

    /// Computes the expected signature. `None` when the request cannot be signed.
    fn compute(
        &self,
        parts: &Parts,
        body: &[u8],
        secret: &str,
        time: OffsetDateTime,
    ) -> Option<String> {
        let headers: Option<Vec<(&str, &str)>> = parts
            .headers
            .iter()
            .filter(|(name, _)| self.signed_headers.contains(&name.as_str()))
            .map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let request = SignableRequest::new(
            parts.method.as_str(),
            parts.uri.to_string(),
            headers?.into_iter(),
            // The signer hashes the received body and does not trust `X-Amz-Content-Sha256`.
            SignableBody::Bytes(body),
        );
        let identity = Identity::from(Credentials::new(
            self.access_key_id,
            secret,
            None,
            None,
            "the local system",
        ));
        // By default the signer excludes some headers; here every header in `headers` is signed.
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.scope.region)
            .name(self.scope.service)
            .time(SystemTime::from(time))
            .settings(settings)
            .build()
            .ok()?
            .into();
        let signed = http_request::sign(request.ok()?, &params).ok()?;
        Some(signed.signature().to_owned())
    }
}

/// Accepts an access key without a session token, but not with a wrong one.
fn check_session_token(headers: &HeaderMap) -> Result<(), Unauthenticated> {
    let token = headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes);
    if token.is_some_and(|token| token != SESSION_TOKEN.as_bytes()) {
        return Err(Unauthenticated::UnknownKey);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
