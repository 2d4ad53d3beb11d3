use std::{sync::OnceLock, time::Duration};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use http::Method;
use secrecy::{ExposeSecret as _, SecretString};

use crate::PaymentError;

/// The version of the API, so that a later one of the account changes nothing (<https://docs.stripe.com/api/versioning>).
pub const STRIPE_VERSION: &str = "2025-03-31.basil";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A checkout session takes about half a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Two repetitions, as the provider's own libraries do.
const MAX_ATTEMPTS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A call of the provider.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub method: Method,
    pub path: String,
    /// The form; for `GET`, the query.
    pub form: Vec<(String, String)>,
    pub idempotency_key: Option<&'a str>,
}

/// Sends calls, and repeats them while the provider is unavailable.
#[derive(Debug)]
pub(crate) struct Transport {
    endpoint: String,
    connector: OnceLock<SharedHttpConnector>,
}

impl Transport {
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            connector: OnceLock::new(),
        }
    }

    /// Built at the first call: most requests of a function ask the provider nothing, and the roots take some milliseconds to
    /// read. They are those of the operating system.
    fn connector(&self) -> &SharedHttpConnector {
        self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(ATTEMPT_TIMEOUT)
                .build();
            let connector = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .connector_settings(settings)
                .sleep_impl(TokioSleep::new())
                .build();
            SharedHttpConnector::new(connector)
        })
    }

    /// Returns the body of a successful response.
    pub async fn send(&self, key: &SecretString, call: &Call<'_>) -> Result<Vec<u8>, PaymentError> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let failed = match self.try_once(key, call).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            let is_last = attempt >= MAX_ATTEMPTS || !failed.may_retry;
            tracing::warn!(error = %failed.error, attempt, path = call.path, "payment_call_failed");
            if is_last {
                return Err(failed.error);
            }
            tokio::time::sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            wait *= 4;
        }
        unreachable!("the last attempt returns")
    }

    async fn try_once(&self, key: &SecretString, call: &Call<'_>) -> Result<Vec<u8>, Failed> {
        let request = self.request(key, call).map_err(Failed::finally)?;
        let unreachable = |error: &dyn std::fmt::Display| Failed {
            error: PaymentError::Unavailable(error.to_string()),
            may_retry: true,
        };
        let attempt = async {
            let response = self.connector().call(request).await;
            let mut response = response.map_err(|error| unreachable(&error))?;
            let status = response.status().as_u16();
            let retry = response.headers().get("stripe-should-retry");
            let retry = retry.map(str::to_owned);
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            let body = ByteStream::new(body).collect().await;
            let body = body.map_err(|error| unreachable(&error))?.to_vec();
            Ok((status, retry, body))
        };
        let answer = tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await;
        let (status, retry, body) = answer.map_err(|elapsed| unreachable(&elapsed))??;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        let error = PaymentError::of_response(status, &body);
        Err(Failed {
            may_retry: match retry.as_deref() {
                Some("true") => true,
                Some("false") => false,
                _ => matches!(status, 409 | 429 | 500..),
            },
            error,
        })
    }

    fn request(&self, key: &SecretString, call: &Call<'_>) -> Result<HttpRequest, PaymentError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&call.form)
            .finish();
        let mut uri = format!("{}{}", self.endpoint, call.path);
        let is_read = call.method == Method::GET;
        if is_read && !form.is_empty() {
            uri = format!("{uri}?{form}");
        }
        let mut request = http::Request::builder()
            .method(call.method.clone())
            .uri(uri)
            .header("authorization", format!("Bearer {}", key.expose_secret()))
            .header("stripe-version", STRIPE_VERSION)
            .header("user-agent", "cloakroom");
        if let Some(key) = call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let body = if is_read {
            SdkBody::empty()
        } else {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("content-length", form.len());
            SdkBody::from(form)
        };
        let invalid = |error: &dyn std::fmt::Display| PaymentError::Invalid {
            status: 0,
            code: "request".to_owned(),
            message: error.to_string(),
        };
        let request = request.body(body).map_err(|error| invalid(&error))?;
        HttpRequest::try_from(request).map_err(|error| invalid(&error))
    }
}

struct Failed {
    error: PaymentError,
    may_retry: bool,
}

impl Failed {
    const fn finally(error: PaymentError) -> Self {
        Self {
            error,
            may_retry: false,
        }
    }
}
