use std::{fs, path::Path};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig, retry::RetryConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use local::Endpoints;

use super::{AwsError, Target};

/// A way to the services as every AWS tool would find it: flags, then environment, then profile.
pub struct Connection {
    config: SdkConfig,
    /// Of the local system, where a command was told to go there.
    local: Option<Endpoints>,
    endpoint_url: Option<String>,
}

impl Connection {
    /// What is missing is said before the first request, because the request's own error would not say it.
    pub async fn open(target: &Target) -> Result<Self, AwsError> {
        let local = target.local.as_deref().map(endpoints).transpose()?;
        let config = match &local {
            Some(endpoints) => of_local(endpoints).await,
            None => of_account(target).await?,
        };
        Ok(Self {
            config,
            local,
            endpoint_url: target.endpoint_url.clone(),
        })
    }

    /// A client of Parameter Store, and where it is.
    pub fn ssm(&self) -> (aws_sdk_ssm::Client, String) {
        let mut config = aws_sdk_ssm::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.ssm);
        }
        let client = aws_sdk_ssm::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.ssm);
        (client, self.endpoint("ssm", "AWS_ENDPOINT_URL_SSM", local))
    }

    /// A client of `DynamoDB`, and where it is. It sends slower when it is throttled, and does not give up soon: whoever
    /// writes many items meets a table that is still growing.
    pub fn dynamodb(&self) -> (aws_sdk_dynamodb::Client, String) {
        let retries = RetryConfig::adaptive().with_max_attempts(10);
        let mut config =
            aws_sdk_dynamodb::config::Builder::from(&self.config).retry_config(retries);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.dynamodb);
        }
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.dynamodb);
        let endpoint = self.endpoint("dynamodb", "AWS_ENDPOINT_URL_DYNAMODB", local);
        (client, endpoint)
    }

    /// A client of S3, and where it is.
    pub fn s3(&self) -> (aws_sdk_s3::Client, String) {
        const VARIABLE: &str = "AWS_ENDPOINT_URL_S3";
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.s3);
        }
        // Only AWS has a host name for each bucket.
        let is_aws = self.local.is_none()
            && self.endpoint_url.is_none()
            && std::env::var_os(VARIABLE).is_none();
        config = config.force_path_style(!is_aws);
        let client = aws_sdk_s3::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.s3);
        (client, self.endpoint("s3", VARIABLE, local))
    }

    /// Where a service is, for people.
    fn endpoint(&self, service: &str, variable: &str, local: Option<&String>) -> String {
        let region = self.config.region().map_or("", AsRef::as_ref);
        local
            .or(self.endpoint_url.as_ref())
            .cloned()
            .or_else(|| std::env::var(variable).ok())
            .unwrap_or_else(|| format!("{service}.{region}.amazonaws.com"))
    }
}

/// Reads what a running local system has written into its data directory.
pub fn endpoints(dir: &Path) -> Result<Endpoints, AwsError> {
    let file = dir.join("endpoints.json");
    let not_running = || AwsError::NotRunning(file.display().to_string());
    let contents = fs::read(&file).map_err(|_| not_running())?;
    serde_json::from_slice(&contents).map_err(|_| not_running())
}

async fn of_local(endpoints: &Endpoints) -> SdkConfig {
    let (key, secret) = (&endpoints.access_key_id, &endpoints.secret_access_key);
    let credentials = Credentials::new(key, secret, None, None, "the local system");
    loader()
        .region(Region::new(endpoints.region.clone()))
        .credentials_provider(credentials)
        .load()
        .await
}

async fn of_account(target: &Target) -> Result<SdkConfig, AwsError> {
    let mut loader = loader();
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &target.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &target.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let mut config = loader.load().await;
    if config.region().is_none() {
        return Err(AwsError::NoRegion);
    }
    if let Some(profile) = &target.profile {
        let credentials = SharedCredentialsProvider::new(of_profile(profile, &config));
        config = config
            .into_builder()
            .credentials_provider(credentials)
            .build();
    }
    if let Some(credentials) = config.credentials_provider() {
        let found = credentials.provide_credentials().await;
        found.map_err(|error| AwsError::of_credentials(&error))?;
    }
    Ok(config)
}

fn loader() -> aws_config::ConfigLoader {
    // The machine's own certificates: an operator may sit behind a proxy that has one of its own.
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http)
}

/// The profile's credentials and no others. The SDK would take an access key in the environment first, and the machine's
/// own role if there is no such profile: a slip of the hand would write to another account.
fn of_profile(profile: &str, config: &SdkConfig) -> ProfileFileCredentialsProvider {
    let mut provider = ProviderConfig::default().with_region(config.region().cloned());
    if let Some(http) = config.http_client() {
        provider = provider.with_http_client(http);
    }
    ProfileFileCredentialsProvider::builder()
        .profile_name(profile)
        .configure(&provider)
        .build()
}
