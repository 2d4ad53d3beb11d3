#![doc = include_str!("../README.md")]

mod api_document;
mod aws_json;
mod calls;
mod containers;
mod data_dir;
mod dev;
mod dynamodb;
mod endpoints;
mod error;
mod eventbridge;
mod events;
mod files;
mod front;
mod function;
mod guard;
mod iam;
mod keys;
mod lambda;
mod line_file;
mod locks;
mod metrics;
mod open_files;
mod options;
mod origins;
mod payments;
mod peer;
mod ports;
mod project;
mod s3;
mod seed;
mod serve;
mod ses;
mod signals;
mod signature;
mod sqs;
mod ssm;
mod system;
mod ui;
mod usage;
mod watch;

pub use self::{
    data_dir::DataDirError,
    dev::dev,
    dynamodb::{DatabaseError, TableError},
    endpoints::Endpoints,
    error::DevError,
    iam::{OPERATOR_KEY, function_key},
    keys::secret_key,
    options::{DefaultParameters, DevOptions, PaymentOptions, Seed, Seeded, Urls},
    ports::PortError,
    project::find_template,
    system::System,
};
