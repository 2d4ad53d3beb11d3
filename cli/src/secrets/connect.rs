use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_ssm::Client;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use super::{Error, Target};

/// A client as every AWS tool would make one: flags, then environment, then profile. What is missing is said before
/// the first request, because the request's own error would not say it.
pub(super) async fn connect(target: &Target) -> Result<Client, Error> {
    let mut config = load(target).await;
    if config.region().is_none() {
        return Err(Error::NoRegion);
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
        found.map_err(|error| Error::of_credentials(&error))?;
    }
    Ok(Client::new(&config))
}

async fn load(target: &Target) -> SdkConfig {
    // The machine's own certificates: an operator may sit behind a proxy that has one of its own.
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &target.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &target.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
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
