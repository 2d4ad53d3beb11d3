//! Which stage a command is for, and the way to its AWS services: in the account, or in the local system.

mod connect;
mod error;
mod names;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
pub use connect::{Connection, endpoints};
pub use error::AwsError;
pub use names::{one_with, table_names};

/// Which stage, and how to reach it.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The stage: its secrets are under /cloakroom/{env}/, its tables in the stack cloakroom-{env}
    #[arg(long, value_enum)]
    pub env: Stage,
    #[arg(long, help = "AWS region [default: AWS_REGION, then the profile's]")]
    pub region: Option<String>,
    #[arg(
        long,
        help = "Profile of ~/.aws/config, before any access key in the environment"
    )]
    pub profile: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Another service than AWS's [default: AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_S3]"
    )]
    pub endpoint_url: Option<String>,
    /// The system that `cargo run` has running here, by its data directory [default: .cloakroom]
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

/// A deployment of its own, with its own data and secrets.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Stage {
    Dev,
    Qa,
    Prod,
}

impl Stage {
    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
        }
    }

    /// Where its parameters live.
    pub fn path(self) -> String {
        format!("/cloakroom/{}", self.word())
    }

    /// The stack that samconfig.toml deploys it to.
    pub fn stack(self) -> String {
        format!("cloakroom-{}", self.word())
    }
}
