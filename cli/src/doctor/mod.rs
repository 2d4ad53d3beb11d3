//! `cloakroom doctor`: checks a deployed stack, and prints what is wrong and the command that corrects it.

mod checks;
mod deep;
mod deployment;
mod report;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use domain::Clock;

use self::{
    deep::Deep,
    deployment::{Deployment, DeploymentError},
    report::{Finding, Report},
};
use crate::{
    aws::{AwsError, Connection, Http, SignedCalls, Target},
    command::{self, CommandError},
};

/// Arguments of `cloakroom doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    #[command(flatten)]
    target: Target,
    /// Also use the API with a throwaway account: sign-up, uploads, S3's event, restore; the account is deleted at the end
    #[arg(long)]
    deep: bool,
    /// Seconds to wait for an event of S3 or SES, with --deep
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "deep")]
    wait: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The description in `--help`.
pub const ABOUT: &str = "\
Check a deployed stack, or the running local system with --local.

Compares what is deployed with the template of this version: secrets, tables, bucket, API, mail, quotas and the delivery of \
events. Each problem is followed by the command or the console step that corrects it. A check that needs a permission \
that you do not have is reported as not checked.

With --deep, it also creates an account with a random address and uploads files as an app does. Run it after the first \
deployment: it shows whether AWS treats conditions in transactions, aliases of access points and events as expected. The \
account and its files are deleted at the end, also after a failure or Ctrl-C.

The exit code is 0 without a problem and 1 with one.";

const EXAMPLES: &str = "\
Examples:
  cloakroom doctor --env prod
  cloakroom doctor --env qa --profile operator --region eu-central-1
  cloakroom doctor --env prod --json | jq '.checks[] | select(.status == \"problem\")'
  cloakroom doctor --env dev --local
  cloakroom doctor --env dev --deep

The permissions of the AWS managed policy ReadOnlyAccess, and ssm:GetParametersByPath with kms:Decrypt for the secrets, are
enough.";

/// Why `cloakroom doctor` failed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("there are problems")]
    Unhealthy,
    #[error("interrupted")]
    Interrupted,
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

    fn exit_code(&self) -> u8 {
        match self {
            // The shell convention: 128 plus the number of SIGINT.
            Self::Interrupted => 130,
            _ => 1,
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
    let is_interrupted = doctor.run(&args, &mut report).await?;
    if report.finish(note.as_deref())? {
        return Err(Error::Unhealthy);
    }
    if is_interrupted {
        return Err(Error::Interrupted);
    }
    Ok(())
}

impl Doctor {
    async fn new(args: &DoctorArgs, clock: Clock) -> Result<Self, Error> {
        let connection = Connection::open(&args.target).await?;
        Ok(Self {
            stack: args.target.stack(),
            calls: SignedCalls::new(connection.config().clone(), clock.clone()),
            target: args.target.clone(),
            connection,
            http: Http::new(),
            clock,
        })
    }

    /// Runs all checks. Returns whether Ctrl-C interrupted them.
    async fn run(&self, args: &DoctorArgs, report: &mut Report<impl Write>) -> Result<bool, Error> {
        report.step("reading the credentials");
        report.extend(checks::account::check(self).await)?;
        report.extend(checks::clock::check(self).await)?;
        report.step("reading the stack");
        let deployment = match self.deployment().await {
            Ok(deployment) => deployment,
            Err(finding) => {
                report.add(finding)?;
                return Ok(false);
            }
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
        let wait = std::time::Duration::from_secs(args.wait);
        match Deep::new(self, &deployment, wait).filter(|_| args.deep) {
            Some(deep) => deep.run(report).await,
            None => Ok(false),
        }
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
        let stack = self.target.stack.as_ref();
        let stack = stack.map_or_else(String::new, |name| format!(" --stack-name {name}"));
        format!("sam build && sam deploy --config-env {env}{stack}")
    }

    /// Returns a `cloakroom` command for the same stack.
    fn operator(&self, command: &str) -> String {
        let target = &self.target;
        let local = target
            .local
            .as_ref()
            .map(|dir| format!(" --local={}", dir.display()));
        let option = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" --{name} {value}"))
        };
        let options = [
            local,
            option("stack", &target.stack),
            option("region", &target.region),
            option("profile", &target.profile),
        ];
        let options: String = options.into_iter().flatten().collect();
        format!("cloakroom {command} --env {}{options}", target.env.as_str())
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
