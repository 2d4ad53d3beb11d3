//! The command and the environment of a function's process. It only has the variables that Lambda sets.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
};

use sam_template::{Function, REGION};
use secrecy::ExposeSecret;
use tokio::process::Command;

use crate::{iam, keys::Keys};

/// Where the functions' executables are.
#[derive(Debug, Clone)]
pub(crate) enum Program {
    /// This executable, started as `function <binary>`.
    ThisExecutable(PathBuf),
    /// `<directory>/<binary>/bootstrap` as `cargo lambda build` writes it, or
    /// `<directory>/<logical id>/bootstrap` as `sam build` writes it.
    Bootstraps(PathBuf),
}

/// The endpoints of the engines, for functions.
#[derive(Debug, Clone)]
pub(crate) struct Engines {
    pub(crate) dynamodb: String,
    pub(crate) s3: String,
    pub(crate) ssm: String,
    pub(crate) ses: String,
    pub(crate) sqs: String,
    pub(crate) eventbridge: String,
    pub(crate) lambda: String,
    /// The source of the functions' secret access keys.
    pub(crate) keys: Keys,
}

impl Program {
    /// Builds the command that runs `function`, without its environment.
    fn command(&self, function: &Function) -> Command {
        match self {
            Self::ThisExecutable(executable) => {
                let mut command = Command::new(executable);
                command.arg("function").arg(&function.binary);
                command
            }
            Self::Bootstraps(directory) => Command::new(bootstrap(directory, function)),
        }
    }
}

/// Finds the function's bootstrap in `directory`. Returns the path of the first layout when there is none.
pub(crate) fn bootstrap(directory: &Path, function: &Function) -> PathBuf {
    let [cargo_lambda, sam] =
        [&function.binary, &function.logical_id].map(|name| directory.join(name).join("bootstrap"));
    if !cargo_lambda.exists() && sam.exists() {
        sam
    } else {
        cargo_lambda
    }
}

/// Builds the command that starts an instance of `function` with its Runtime API at the URL `api`.
pub(crate) fn command(
    program: &Program,
    function: &Function,
    engines: &Engines,
    api: &str,
) -> Command {
    let mut command = program.command(function);
    command
        .env_clear()
        .envs(environment(function, engines, api))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A separate process group, so that Ctrl-C does not reach the functions: the system stops them.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Names a file in Lambda's `/tmp`, which is the machine's here. Engines have addresses of their own, not regions.
const LIST_OF_REGIONS: &str = "SMITHY_CLIENT_SDK_CUSTOM_PARTITION";

fn environment(function: &Function, engines: &Engines, api: &str) -> BTreeMap<String, String> {
    let access_key = iam::function_key(&function.logical_id);
    let secret = engines.keys.secret_of(&access_key);
    let task_root = std::env::current_dir().unwrap_or_default();
    let lambda = [
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", engines.dynamodb.clone()),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", engines.eventbridge.clone()),
        ("AWS_ENDPOINT_URL_LAMBDA", engines.lambda.clone()),
        ("AWS_ENDPOINT_URL_S3", engines.s3.clone()),
        ("AWS_ENDPOINT_URL_SESV2", engines.ses.clone()),
        ("AWS_ENDPOINT_URL_SQS", engines.sqs.clone()),
        ("AWS_ENDPOINT_URL_SSM", engines.ssm.clone()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", api.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret.expose_secret().to_owned()),
        ("AWS_SESSION_TOKEN", iam::SESSION_TOKEN.to_owned()),
        ("LAMBDA_TASK_ROOT", task_root.to_string_lossy().into_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ];
    // The template cannot override Lambda's own variables.
    function
        .environment
        .clone()
        .into_iter()
        .filter(|(name, _)| name != LIST_OF_REGIONS)
        .chain(lambda.map(|(name, value)| (name.to_owned(), value)))
        .collect()
}
