//! Selects the stage of a command and connects to its AWS services: in an AWS account or in the local system.

mod connect;
mod error;
mod http;
mod names;
mod signed;
mod xml;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
pub use connect::{Connection, endpoints};
pub use error::AwsError;
pub use http::{Http, Request, Response};
pub use names::{find_by_prefix, table_names};
pub use signed::{Service, SignedCalls};
pub use xml::Element;

/// The stage of a command and how to connect to its AWS services.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Stage: its secrets are under /cloakroom/{env}/, its tables in the stack cloakroom-{env}
    #[arg(long, value_enum)]
    pub env: Stage,
    #[arg(
        long,
        help = "AWS region [default: AWS_REGION, then the profile's region]"
    )]
    pub region: Option<String>,
    #[arg(
        long,
        help = "Profile in ~/.aws/config; takes precedence over access keys in the environment"
    )]
    pub profile: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Service endpoint in place of AWS's [default: AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_S3]"
    )]
    pub endpoint_url: Option<String>,
    /// Use the local system that is running, by its data directory [default with --local: .cloakroom]
    #[arg(
        long,
        value_name = "DIR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ".cloakroom",
        conflicts_with_all = ["region", "profile", "endpoint_url"]
    )]
    pub local: Option<PathBuf>,
}

/// A separate deployment with its own data and secrets.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Stage {
    Dev,
    Qa,
    Prod,
}

impl Stage {
    /// Returns the stage's name as it is written on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
        }
    }

    /// Returns the path of the stage's SSM parameters.
    pub fn parameter_path(self) -> String {
        format!("/cloakroom/{}", self.as_str())
    }

    /// Returns the name of the stack that samconfig.toml deploys the stage to.
    pub fn stack(self) -> String {
        format!("cloakroom-{}", self.as_str())
    }
}
