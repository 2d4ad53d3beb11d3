use std::{collections::BTreeMap, fmt, path::PathBuf, pin::Pin};

use crate::Endpoints;

/// The options of a local system.
pub struct DevOptions {
    /// The application's name, for messages.
    pub name: String,
    /// The name of the stack: names of resources begin with it, and it is the pseudo parameter `AWS::StackName`.
    pub stack_name: String,
    /// The SAM template.
    pub template: PathBuf,
    /// Overrides of the template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Defaults of the template's parameters in a local system. Parameters that the template does not declare are
    /// ignored.
    pub default_parameters: DefaultParameters,
    /// Whether web pages of other programs on this machine need an entry in the CORS rules of the template, as in a stack.
    pub strict_origins: bool,
    /// The template's parameter with the allowed origins, for messages.
    pub origins_parameter: Option<String>,
    /// The logical ids of tables, and what it means for users that such a table is replaced by an empty one: "users sign in
    /// again".
    pub consequences: &'static [(&'static str, &'static str)],
    /// Prepares the data of a persistent system before it is ready.
    pub at_start: Option<AtStart>,
    /// SSM parameters that are created at the first start.
    pub seed: Option<Seed>,
    /// The stand-in of the payment provider, if the application takes payments.
    pub payments: Option<PaymentOptions>,
    /// The folder beside the template whose files are served next to the API.
    pub site: Option<PathBuf>,
    /// The `OpenAPI` document of the API as JSON, served at `/openapi.json` with this system as its only server. A site
    /// can have a page at `/docs` that shows it.
    pub api_document: Option<&'static str>,
    /// The API's port; the engines use the next eight. 0 chooses free ports.
    pub port: u16,
    /// The directory for data. `None` creates a temporary directory, which is removed at the end.
    pub data_dir: Option<PathBuf>,
    /// Whether data is kept in memory only.
    pub ephemeral: bool,
    /// A directory of built functions. `None` runs this executable as `function <binary>`.
    pub bootstraps: Option<PathBuf>,
    /// Whether functions run on their schedules.
    pub schedules: bool,
    /// The directory in which the AWS calls of the functions are recorded, with the grants that allow them.
    pub record_calls: Option<PathBuf>,
    /// The directory in which the items that the functions read and write, and their requests to S3, are recorded.
    pub record_usage: Option<PathBuf>,
}

/// How the application and the stand-in of the payment provider find each other.
#[derive(Debug, Clone)]
pub struct PaymentOptions {
    /// The path of the API that receives the webhooks.
    pub webhook_path: String,
    /// The SSM parameter with the key of the provider's API. Created if it is missing.
    pub api_key_parameter: String,
    /// The SSM parameter with the secret of the webhooks. Created if it is missing.
    pub webhook_secret_parameter: String,
}

/// Returns the names and values of template parameters for a system with these URLs.
pub type DefaultParameters = Box<dyn Fn(&Urls) -> Vec<(&'static str, String)> + Send + Sync>;

/// URLs of a system, without trailing slashes.
#[derive(Debug, Clone)]
pub struct Urls {
    /// The HTTP API.
    pub api: String,
    /// The stand-in of the payment provider.
    pub payments: String,
    /// The SQS engine.
    pub sqs: String,
}

/// Prepares the data of the system with these endpoints, and returns lines for the developer: what was changed, or a warning.
pub type AtStart = Box<
    dyn Fn(Endpoints) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>>>> + Send + Sync,
>;

/// What is created at the first start.
pub struct Seed {
    /// Nothing is created if there is a parameter under this path.
    pub unless_under: String,
    /// Returns what to create.
    pub make: Box<dyn Fn() -> Seeded + Send + Sync>,
}

/// SSM parameters and items of tables.
#[derive(Debug, Default)]
pub struct Seeded {
    /// Names and values of parameters.
    pub parameters: Vec<(String, String)>,
    /// The logical ids of tables, and items in `DynamoDB`'s JSON.
    pub items: Vec<(String, serde_json::Value)>,
}

impl fmt::Debug for DevOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevOptions")
            .field("stack_name", &self.stack_name)
            .field("template", &self.template)
            .field("strict_origins", &self.strict_origins)
            .field("site", &self.site)
            .field("port", &self.port)
            .field("data_dir", &self.data_dir)
            .field("ephemeral", &self.ephemeral)
            .field("bootstraps", &self.bootstraps)
            .field("schedules", &self.schedules)
            .field("record_calls", &self.record_calls)
            .field("record_usage", &self.record_usage)
            .finish_non_exhaustive()
    }
}
