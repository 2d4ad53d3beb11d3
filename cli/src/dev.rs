//! `cloakroom dev`: runs the local system.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use local::{DevError, DevOptions, PaymentOptions, Seed, Urls};
use tempfile::TempDir;

use crate::{
    aws::{parameter_path, stack_name},
    migrate, openapi, project, secrets,
};

/// The data directory of a persistent system.
const DATA_DIR: &str = ".cloakroom";

/// The name of a project's template.
const TEMPLATE: &str = "template.yaml";

/// The folder in the data directory for the template and the page that this command carries. One for each version, so that no
/// page of another version stays.
const BUILT_IN: &str = concat!("built-in-", env!("CARGO_PKG_VERSION"));

/// The local system logs each request itself, so the functions log only warnings and errors.
const LOG_LEVEL: &str = "warn";

/// On one machine all requests come from one address: those of the developer, of tests, and of scripts that create
/// users.
const REQUESTS_PER_ADDRESS: &str = "3000";

/// Developers and tests send many e-mails to one address.
const MAILS_PER_DAY: &str = "100000";

/// E-mail is always enabled, because no e-mail leaves the machine.
const MAIL_FROM: &str = "cloakroom@localhost";

/// What it means for users that a table is empty, for the tables that may be replaced. The others hold requests, limits and mails
/// of the last hours.
const CONSEQUENCES: &[(&str, &str)] = &[
    ("SessionsTable", "users sign in again"),
    ("EmailTokensTable", "users request mailed links again"),
    ("SignUpsTable", "users repeat unfinished sign-ups"),
    (
        "PublicKeysTable",
        "run `cloakroom secrets init`, which writes the keys again",
    ),
];

/// Arguments of `cloakroom dev`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DevArgs {
    /// Port of the API; the engines use the next eight ports. 0 chooses free ports
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Directory for data and endpoints.json [default: .cloakroom, or a temporary directory with --ephemeral]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep all data in memory and discard it at exit
    #[arg(long)]
    ephemeral: bool,
    /// Run built functions instead of the ones in this executable: DIR/<name>/bootstrap as `cargo lambda build` writes
    /// them (target/lambda), or DIR/<LogicalId>/bootstrap as `sam build` writes them (.aws-sam/build)
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
    /// Stage: value of the template's parameter Env, and {env} in the name of the stack, cloakroom-{env}
    #[arg(long, default_value = "dev")]
    env: String,
    /// Set a parameter of the template; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parse_parameter)]
    parameters: Vec<(String, String)>,
    /// Refuse web pages of other programs on this machine, as a stack does: only this system's own origin
    /// and the allowed origins of the template may call the API and S3 from a browser
    #[arg(long)]
    strict_origins: bool,
    /// SAM template [default: template.yaml here or in a parent directory; without one, the template and the page that this
    /// command carries]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Do not run functions on their schedules; invoke them yourself
    #[arg(long)]
    without_schedules: bool,
    /// Record the AWS calls of the functions, with the grants of the template that allow them: one file in DIR for each run
    #[arg(
        long,
        value_name = "DIR",
        env = "CLOAKROOM_RECORD_CALLS",
        hide_env_values = true
    )]
    record_calls: Option<PathBuf>,
    /// Record the items that the functions read and write, for tests of costs: one file in DIR for each run
    #[arg(
        long,
        value_name = "DIR",
        env = "CLOAKROOM_RECORD_USAGE",
        hide_env_values = true,
        hide = true
    )]
    record_usage: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cloakroom dev
  cloakroom dev --port 0 --ephemeral
  cloakroom dev --parameter AllowedOrigins=https://app.example.com --parameter AccessTokenSeconds=60
  cloakroom dev --bootstraps target/lambda

Web pages on any port of this machine (http://localhost:5173) may call the API and S3. AllowedOrigins adds other origins.

The engines accept only requests that are signed with the access key in endpoints.json. `cloakroom env` sets it in a
shell:
  eval \"$(cloakroom env)\"
  aws dynamodb list-tables

A function can be invoked directly, for example one that handles events:
  aws lambda invoke --function-name UploadEventsFunction /dev/stdout";

/// Why `cloakroom dev` failed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the parameter Env is set by --env, not by --parameter Env=…")]
    EnvParameter,
    #[error(transparent)]
    Local(#[from] DevError),
    #[error("the built-in template cannot be written: {0}")]
    BuiltIn(#[from] io::Error),
}

/// Runs the system until Ctrl-C or SIGTERM.
pub fn run(args: DevArgs) -> ExitCode {
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is closed, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: DevArgs) -> Result<(), Error> {
    if args.parameters.iter().any(|(name, _)| name == "Env") {
        return Err(Error::EnvParameter);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| DevError::Io {
            what: "cannot start threads",
            error,
        })?;
    let template = Template::choose(&args)?;
    let result = runtime.block_on(local::dev(&args.options(template.path.clone())));
    runtime.shutdown_background();
    Ok(result?)
}

/// The template that the system runs.
#[derive(Debug)]
struct Template {
    path: PathBuf,
    /// The folder of the built-in template of an ephemeral system; removed at the end.
    _folder: Option<TempDir>,
}

impl Template {
    /// The given template, that of the project in which the command runs, or the built-in one.
    fn choose(args: &DevArgs) -> io::Result<Self> {
        let of_project = || local::find_template(Path::new(TEMPLATE));
        match args.template.clone().or_else(of_project) {
            Some(path) => Ok(Self {
                path,
                _folder: None,
            }),
            None => Self::built_in(args),
        }
    }

    fn built_in(args: &DevArgs) -> io::Result<Self> {
        let temporary = args.ephemeral.then(tempfile::tempdir).transpose()?;
        let data = args.data_dir.as_deref().unwrap_or(Path::new(DATA_DIR));
        let folder = temporary
            .as_ref()
            .map_or_else(|| data.join(BUILT_IN), |folder| folder.path().to_owned());
        project::write_built_in(&folder)?;
        let version = env!("CARGO_PKG_VERSION");
        // If stderr is closed, nothing is missing.
        let _ = writeln!(
            io::stderr(),
            "there is no {TEMPLATE} here: this runs the template and the page of cloakroom {version}. \
             `cloakroom new FOLDER` writes a project of your own"
        );
        Ok(Self {
            path: folder.join(TEMPLATE),
            _folder: temporary,
        })
    }
}

impl DevArgs {
    fn options(self, template: PathBuf) -> DevOptions {
        let args = self;
        let default_dir = (!args.ephemeral).then(|| DATA_DIR.into());
        let (stack, env) = (stack_name(&args.env), args.env);
        let payments = PaymentOptions {
            webhook_path: "/payments/stripe".to_owned(),
            api_key_parameter: parameter_path(&stack) + "/stripe/api-key",
            webhook_secret_parameter: parameter_path(&stack) + "/stripe/webhook-secrets",
        };
        DevOptions {
            name: "Cloakroom".to_owned(),
            stack_name: stack.clone(),
            template,
            strict_origins: args.strict_origins,
            origins_parameter: Some("AllowedOrigins".to_owned()),
            parameters: BTreeMap::from_iter(args.parameters),
            default_parameters: Box::new(move |urls| default_parameters(&env, urls)),
            consequences: CONSEQUENCES,
            at_start: Some(Box::new({
                let stack = stack.clone();
                move |endpoints| migrate::at_start(endpoints, stack.clone())
            })),
            seed: Some(Seed {
                unless_under: parameter_path(&stack) + "/keys/private",
                make: Box::new(move || secrets::dev_signing_key(&stack)),
            }),
            payments: Some(payments),
            site: Some("web".into()),
            api_document: Some(openapi::CHECKED_IN),
            port: args.port,
            data_dir: args.data_dir.or(default_dir),
            ephemeral: args.ephemeral,
            bootstraps: args.bootstraps,
            schedules: !args.without_schedules,
            record_calls: args.record_calls,
            record_usage: args.record_usage,
        }
    }
}

/// Returns the template's parameters for the stage `env` of a local system with these URLs. The issuer is fixed,
/// because functions only see the host that the client used, which may be 127.0.0.1 or localhost.
fn default_parameters(env: &str, urls: &Urls) -> Vec<(&'static str, String)> {
    let Urls { api, payments, .. } = urls;
    vec![
        ("Env", env.to_owned()),
        // The system allows its own origin itself, by either name.
        ("AllowedOrigins", api.to_owned()),
        ("Issuer", api.to_owned()),
        ("LogLevel", LOG_LEVEL.to_owned()),
        ("RequestsPerAddress", REQUESTS_PER_ADDRESS.to_owned()),
        ("MailFrom", MAIL_FROM.to_owned()),
        ("MailsPerMailbox", MAILS_PER_DAY.to_owned()),
        ("MailsPerDay", MAILS_PER_DAY.to_owned()),
        // The page is served next to the API.
        ("AppName", "Cloakroom".to_owned()),
        ("AppUrl", format!("{api}/")),
        ("StripeEndpoint", payments.clone()),
    ]
}

fn parse_parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_a_key_and_a_value() {
        let parsed = parse_parameter("AllowedOrigins=http://a?b=c").unwrap();
        assert_eq!(parsed, ("AllowedOrigins".into(), "http://a?b=c".into()));
        assert!(parse_parameter("AllowedOrigins").is_err());
        assert!(parse_parameter("=x").is_err());
    }
}
