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
pub use names::{find_by_prefix, find_table, table_names};
pub use signed::{Service, SignedCalls};
pub use xml::Element;

/// The stage of a command and how to connect to its AWS services.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Stage: selects the stack cloakroom-{env}
    #[arg(long, value_enum)]
    pub env: Stage,
    /// Stack, if it has another name than cloakroom-{env}. Its secrets are under /cloakroom/{stack}/
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
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

impl Target {
    /// Returns the name of the stack.
    pub fn stack(&self) -> String {
        self.stack
            .clone()
            .unwrap_or_else(|| stack_name(self.env.as_str()))
    }

    /// Returns the path of the stack's parameters.
    pub fn parameter_path(&self) -> String {
        parameter_path(&self.stack())
    }
}

/// Returns the name of the stack that samconfig.toml deploys a stage to.
pub fn stack_name(env: &str) -> String {
    format!("cloakroom-{env}")
}

/// Returns the path of the parameters of a stack, as template.yaml does.
pub fn parameter_path(stack: &str) -> String {
    format!("/cloakroom/{stack}")
}

/// A kind of deployment.
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
}
