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

/// Clients for the AWS services of a stage, configured as in other AWS tools: flags, then environment, then profile.
pub struct Connection {
    config: SdkConfig,
    /// The local system's endpoints, when the command has `--local`.
    local: Option<Endpoints>,
    endpoint_url: Option<String>,
}

impl Connection {
    /// Resolves region and credentials.
    ///
    /// # Errors
    /// When one is missing. This is checked before the first request, whose own error would not name the cause.
    pub async fn open(target: &Target) -> Result<Self, AwsError> {
        let local = target.local.as_deref().map(endpoints).transpose()?;
        let config = match &local {
            Some(endpoints) => local_config(endpoints).await,
            None => account_config(target).await?,
        };
        Ok(Self {
            config,
            local,
            endpoint_url: target.endpoint_url.clone(),
        })
    }

    /// Connects to a local system.
    pub async fn to_local(endpoints: Endpoints) -> Self {
        Self {
            config: local_config(&endpoints).await,
            local: Some(endpoints),
            endpoint_url: None,
        }
    }

    /// Returns a Parameter Store client and its endpoint.
    pub fn ssm(&self) -> (aws_sdk_ssm::Client, String) {
        let mut config = aws_sdk_ssm::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.ssm);
        }
        let client = aws_sdk_ssm::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.ssm);
        (client, self.endpoint("ssm", "AWS_ENDPOINT_URL_SSM", local))
    }

    /// Returns a `DynamoDB` client and its endpoint. The client slows down when it is throttled and retries often: an
    /// import writes many items to a table whose capacity is still growing.
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

    /// Returns an S3 client and its endpoint.
    pub fn s3(&self) -> (aws_sdk_s3::Client, String) {
        const VARIABLE: &str = "AWS_ENDPOINT_URL_S3";
        let mut config = aws_sdk_s3::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.s3);
        }
        // Only AWS has a separate host name for each bucket.
        let is_aws = self.local.is_none()
            && self.endpoint_url.is_none()
            && std::env::var_os(VARIABLE).is_none();
        config = config.force_path_style(!is_aws);
        let client = aws_sdk_s3::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.s3);
        (client, self.endpoint("s3", VARIABLE, local))
    }

    /// Returns an SQS client and its endpoint.
    pub fn sqs(&self) -> (aws_sdk_sqs::Client, String) {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.sqs);
        }
        let client = aws_sdk_sqs::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.sqs);
        (client, self.endpoint("sqs", "AWS_ENDPOINT_URL_SQS", local))
    }

    /// Returns an SES client and its endpoint.
    pub fn ses(&self) -> (aws_sdk_sesv2::Client, String) {
        let mut config = aws_sdk_sesv2::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.ses);
        }
        let client = aws_sdk_sesv2::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.ses);
        (
            client,
            self.endpoint("email", "AWS_ENDPOINT_URL_SESV2", local),
        )
    }

    /// Returns an `EventBridge` client and its endpoint.
    pub fn eventbridge(&self) -> (aws_sdk_eventbridge::Client, String) {
        const VARIABLE: &str = "AWS_ENDPOINT_URL_EVENTBRIDGE";
        let mut config = aws_sdk_eventbridge::config::Builder::from(&self.config);
        if let Some(local) = &self.local {
            config = config.endpoint_url(&local.eventbridge);
        }
        let client = aws_sdk_eventbridge::Client::from_conf(config.build());
        let local = self.local.as_ref().map(|local| &local.eventbridge);
        (client, self.endpoint("events", VARIABLE, local))
    }

    /// Returns the configuration of all clients.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Returns the endpoints of the local system, when the command has `--local`.
    pub fn local(&self) -> Option<&Endpoints> {
        self.local.as_ref()
    }

    /// Returns the endpoint of a service, for messages.
    fn endpoint(&self, service: &str, variable: &str, local: Option<&String>) -> String {
        let region = self.config.region().map_or("", AsRef::as_ref);
        local
            .or(self.endpoint_url.as_ref())
            .cloned()
            .or_else(|| std::env::var(variable).ok())
            .or_else(|| self.config.endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| format!("{service}.{region}.amazonaws.com"))
    }
}

/// Reads the endpoints that a running local system has written into its data directory.
pub fn endpoints(dir: &Path) -> Result<Endpoints, AwsError> {
    let file = dir.join("endpoints.json");
    let not_running = || AwsError::NotRunning(file.display().to_string());
    let contents = fs::read(&file).map_err(|_| not_running())?;
    serde_json::from_slice(&contents).map_err(|_| not_running())
}

async fn local_config(endpoints: &Endpoints) -> SdkConfig {
    let (key, secret) = (&endpoints.access_key_id, &endpoints.secret_access_key);
    let credentials = Credentials::new(key, secret, None, None, "the local system");
    loader()
        .region(Region::new(endpoints.region.clone()))
        .credentials_provider(credentials)
        .load()
        .await
}

async fn account_config(target: &Target) -> Result<SdkConfig, AwsError> {
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
        let credentials = SharedCredentialsProvider::new(profile_credentials(profile, &config));
        config = config
            .into_builder()
            .credentials_provider(credentials)
            .build();
    }
    if let Some(credentials) = config.credentials_provider() {
        let found = credentials.provide_credentials().await;
        found.map_err(|error| AwsError::from_credentials(&error))?;
    }
    Ok(config)
}

fn loader() -> aws_config::ConfigLoader {
    // Uses the machine's certificate store: the operator may be behind a proxy with its own certificate.
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http)
}

/// Loads credentials from the profile only. The SDK prefers an access key in the environment, and falls back to the
/// machine's role if the profile does not exist: a typing mistake would write to another account.
fn profile_credentials(profile: &str, config: &SdkConfig) -> ProfileFileCredentialsProvider {
    let mut provider = ProviderConfig::default().with_region(config.region().cloned());
    if let Some(http) = config.http_client() {
        provider = provider.with_http_client(http);
    }
    ProfileFileCredentialsProvider::builder()
        .profile_name(profile)
        .configure(&provider)
        .build()
}
