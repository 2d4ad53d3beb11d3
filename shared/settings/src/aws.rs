//! The configuration that all AWS clients share, built by hand from the variables that Lambda sets: no credentials chain, no profile
//! files, no metadata service, so nothing is probed at start-up.
//!
//! Lambda's variables: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::{error::Error, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_ssm::config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
pub use aws_types::SdkConfig;

use crate::{Env, EnvError, http::OneConnector, regions};

/// The roots that sign AWS's endpoints (<https://www.amazontrust.com/repository/>). Reading a machine's whole store
/// takes about 4 ms at start-up, these take a sixteenth of one.
static AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// A connection inside a region takes milliseconds; after a second it has failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A response takes milliseconds, too; a second try is faster than a longer wait.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Six tries take a second or two, which is inside every request's deadline. A longer failure is reported as an outage.
const MAX_ATTEMPTS: u32 = 6;
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// The configuration of every AWS client of a function.
///
/// # Errors
/// When a variable that Lambda always sets is missing, or a file that a variable names cannot be used.
pub fn sdk_config(env: &Env) -> Result<SdkConfig, EnvError> {
    let region = env.required("AWS_REGION")?;
    regions::write_list(env, &region)?;
    let credentials = Credentials::new(
        env.required("AWS_ACCESS_KEY_ID")?,
        env.required("AWS_SECRET_ACCESS_KEY")?,
        env.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "Lambda's environment",
    );
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots(env)?))
        .build()
        .map_err(|_| BAD_BUNDLE)?;
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(OneConnector::new(tls))
        .retry_config(retries())
        .timeout_config(timeouts());
    Ok(config.build())
}

const BAD_BUNDLE: EnvError =
    EnvError::Invalid("AWS_CA_BUNDLE", "the path of a file with PEM certificates");

/// The roots of Amazon, or those in the file that `AWS_CA_BUNDLE` names, as in AWS's SDKs
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>).
fn roots(env: &Env) -> Result<Vec<u8>, EnvError> {
    match env.get("AWS_CA_BUNDLE") {
        Some(path) => std::fs::read_to_string(path)
            .ok()
            .filter(|pem| pem.contains("-----BEGIN CERTIFICATE-----"))
            .map(String::into_bytes)
            .ok_or(BAD_BUNDLE),
        None => Ok(AMAZON_ROOTS.to_vec()),
    }
}

/// Exponential backoff with full jitter.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(INITIAL_BACKOFF)
        .with_max_backoff(MAX_BACKOFF)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// Requests to Parameter Store, which serves 40 a second for the whole account and region by default
/// (<https://docs.aws.amazon.com/general/latest/gr/ssm.html>): a thousand instances that start together wait for each other
/// for 25 s. The deadline of the request ends the tries, not their number.
const MAX_SSM_ATTEMPTS: u32 = 100;

/// A client of Parameter Store, or of the endpoint in `AWS_ENDPOINT_URL_SSM`.
#[must_use]
pub fn ssm(env: &Env, config: &SdkConfig) -> aws_sdk_ssm::Client {
    let endpoint = env.get("AWS_ENDPOINT_URL_SSM").map(str::to_owned);
    let mut config = aws_sdk_ssm::config::Builder::from(config);
    config.set_endpoint_url(endpoint);
    config.set_retry_config(Some(retries().with_max_attempts(MAX_SSM_ATTEMPTS)));
    aws_sdk_ssm::Client::from_conf(config.build())
}

/// Describes an error for the log: code and message of the service, or the chain of causes before it was reached.
///
/// Never the whole error: it contains the raw response, which may contain secrets or an item of a table.
pub fn explain<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    if let Some(error) = error.as_service_error() {
        let message = error.message().unwrap_or("no message");
        return format!("{}: {message}", error.code().unwrap_or("no code"));
    }
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let causes = causes.map(|cause| format!(": {cause}"));
    std::iter::once(error.to_string()).chain(causes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_replaces_the_roots_of_amazon_and_has_to_have_certificates() {
        let this_folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
        let of = |file: &str| {
            let path = format!("{this_folder}{file}");
            roots(&Env::from([("AWS_CA_BUNDLE", path.as_str())]))
        };
        assert_eq!(of("amazon-roots.pem").unwrap(), AMAZON_ROOTS);
        assert_eq!(of("lib.rs"), Err(BAD_BUNDLE));
        assert_eq!(of("no-such-file.pem"), Err(BAD_BUNDLE));
        assert_eq!(roots(&Env::default()).unwrap(), AMAZON_ROOTS);
    }
}
