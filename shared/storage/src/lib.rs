#![doc = include_str!("../README.md")]

mod error;
mod form;
mod lock;
mod multipart;
mod object;
mod owned;
mod patience;
mod presign;

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation},
};
use aws_types::{SdkConfig, region::Region};
use secrecy::SecretString;
use settings::{Env, EnvError};

pub use self::{
    error::StorageError,
    form::UploadForm,
    lock::{LockMode, LockOutcome, Retention, VersionRef},
    multipart::{Completed, MultipartRef, Part},
    object::Settled,
    owned::{OpenMultipart, Owned},
    presign::Presigned,
};

/// The bucket of the uploads, reached through the stack's own access point.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    keys: Keys,
    endpoint: Option<String>,
}

/// The keys that forms are signed with; the SDK signs everything else.
#[derive(Debug, Clone)]
struct Keys {
    region: Region,
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
}

impl Bucket {
    /// The bucket that `UPLOADS_BUCKET` names; `AWS_ENDPOINT_URL_S3` sets another endpoint.
    ///
    /// # Errors
    /// When a variable is not set.
    pub fn from_env(env: &Env, aws: &SdkConfig) -> Result<Self, EnvError> {
        let endpoint = env.get("AWS_ENDPOINT_URL_S3").map(str::to_owned);
        let mut config = Builder::from(aws)
            // A presigned request has no bytes yet to calculate a checksum of, and the others need none.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // At another endpoint, the name of a bucket is not a host name.
            .force_path_style(endpoint.is_some());
        config.set_endpoint_url(endpoint.clone());
        Ok(Self {
            client: Client::from_conf(config.build()),
            name: env.required("UPLOADS_BUCKET")?,
            keys: Keys {
                region: Region::new(env.required("AWS_REGION")?),
                access_key_id: env.required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: env.required("AWS_SECRET_ACCESS_KEY")?.into(),
                session_token: env.get("AWS_SESSION_TOKEN").map(SecretString::from),
            },
            endpoint,
        })
    }

    /// The name of the bucket or access point in requests.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of its objects, with a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{}/{}/", endpoint.trim_end_matches('/'), self.name),
            None => format!(
                "https://{}.s3.{}.amazonaws.com/",
                self.name, self.keys.region
            ),
        }
    }
}
