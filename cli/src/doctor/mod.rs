//! `cloakroom doctor`: checks a deployed stack, and prints what is wrong and the command that corrects it.

mod checks;
mod deployment;
mod report;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use domain::Clock;

use self::{
    deployment::{Deployment, DeploymentError},
    report::{Finding, Report},
};
use crate::{
    aws::{AwsError, Connection, Http, SignedCalls, Target},
    command::{self, CommandError},
};

/// Arguments of `cloakroom doctor`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct DoctorArgs {
    #[command(flatten)]
    target: Target,
    /// Stack to check [default: cloakroom-{env}]
    #[arg(long)]
    stack: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

const ABOUT: &str = "\
Check a deployed stack, or the running local system with --local.

Compares what is deployed with the template of this version: secrets, tables, bucket, API, mail, quotas and the delivery of \
events. Each problem is followed by the command or the console step that corrects it. A check that needs a permission \
that you do not have is reported as not checked.

The exit code is 0 without a problem and 1 with one.";

const EXAMPLES: &str = "\
Examples:
  cloakroom doctor --env prod
  cloakroom doctor --env qa --profile operator --region eu-central-1
  cloakroom doctor --env prod --json | jq '.checks[] | select(.status == \"problem\")'
  cloakroom doctor --env dev --local

The permissions of the AWS managed policy ReadOnlyAccess, and ssm:GetParametersByPath with kms:Decrypt for the secrets, are
enough.";

/// Why `cloakroom doctor` failed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("there are problems")]
    Unhealthy,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl CommandError for Error {
    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What the checks use.
struct Doctor {
    target: Target,
    stack: String,
    connection: Connection,
    calls: SignedCalls,
    http: Http,
    clock: Clock,
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: DoctorArgs) -> ExitCode {
    command::run(check(args, Clock::system(), io::stdout()))
}

async fn check(args: DoctorArgs, clock: Clock, out: impl Write) -> Result<(), Error> {
    let mut report = Report::new(out, args.json);
    let doctor = Doctor::new(&args, clock).await?;
    let note = doctor.note();
    doctor.run(&mut report).await?;
    if report.finish(note.as_deref())? {
        return Err(Error::Unhealthy);
    }
    Ok(())
}

impl Doctor {
    async fn new(args: &DoctorArgs, clock: Clock) -> Result<Self, Error> {
        let connection = Connection::open(&args.target).await?;
        let stack = args.stack.clone();
        Ok(Self {
            stack: stack.unwrap_or_else(|| args.target.env.stack()),
            calls: SignedCalls::new(connection.config().clone(), clock.clone()),
            target: args.target.clone(),
            connection,
            http: Http::new(),
            clock,
        })
    }

    async fn run(&self, report: &mut Report<impl Write>) -> Result<(), Error> {
        report.step("reading the credentials");
        report.extend(checks::account::check(self).await)?;
        report.extend(checks::clock::check(self).await)?;
        report.step("reading the stack");
        let deployment = match self.deployment().await {
            Ok(deployment) => deployment,
            Err(finding) => return Ok(report.add(finding)?),
        };
        report.extend(checks::stack::check(self, &deployment))?;
        report.step("reading the secrets");
        report.extend(checks::keys::check(self).await)?;
        report.step("reading the tables");
        report.extend(checks::tables::check(self, &deployment).await)?;
        report.step("reading the bucket");
        report.extend(checks::bucket::check(self, &deployment).await)?;
        report.extend(checks::bucket_cors::check(self, &deployment).await)?;
        report.extend(checks::access_points::check(self, &deployment).await)?;
        report.step("calling the API");
        report.extend(checks::api::check(self, &deployment).await)?;
        report.step("reading SES, quotas and queues");
        report.extend(checks::mail::check(self, &deployment).await)?;
        report.extend(checks::quotas::check(self, &deployment).await)?;
        report.extend(checks::delivery::check(self, &deployment).await)?;
        Ok(())
    }

    async fn deployment(&self) -> Result<Deployment, Finding> {
        let read = match self.connection.local() {
            Some(endpoints) => Deployment::of_local(endpoints, &self.stack),
            None => Deployment::of_stack(&self.calls, &self.stack).await,
        };
        read.map_err(|error| match error {
            DeploymentError::Aws(error) => Finding::failed("stack", &error),
            error @ DeploymentError::Missing(_) => {
                let deploy = format!(
                    "sam deploy --config-env {}, or pass --stack and --region",
                    self.target.env.as_str()
                );
                Finding::problem("stack", error.to_string(), deploy)
            }
            error @ DeploymentError::Template(_) => {
                Finding::problem("stack", error.to_string(), "Install a new version")
            }
        })
    }

    fn is_local(&self) -> bool {
        self.connection.local().is_some()
    }

    /// Returns the command that deploys the stack again, or that starts the local system again.
    fn deploy(&self) -> String {
        if self.is_local() {
            return "Stop the local system and start it again: cargo run".to_owned();
        }
        let env = self.target.env.as_str();
        format!("sam build && sam deploy --config-env {env}")
    }

    /// Returns a `cloakroom` command for the same stage.
    fn operator(&self, command: &str) -> String {
        let target = &self.target;
        let mut line = format!("cloakroom {command} --env {}", target.env.as_str());
        if let Some(local) = &target.local {
            line += &format!(" --local={}", local.display());
        }
        for (option, value) in [("region", &target.region), ("profile", &target.profile)] {
            if let Some(value) = value {
                line += &format!(" --{option} {value}");
            }
        }
        line
    }

    /// Returns what has to be done before the commands of the report.
    fn note(&self) -> Option<String> {
        let local = self.target.local.as_ref()?;
        let dir = local.display();
        Some(format!(
            "Before commands that begin with `aws`, point them at the local system: eval \"$(cloakroom env --data-dir {dir})\""
        ))
    }
}
