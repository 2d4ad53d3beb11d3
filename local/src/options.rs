use std::{collections::BTreeMap, fmt, path::PathBuf};

/// What `cloakroom dev` is told.
pub struct DevOptions {
    /// The API's port; the engines have the next five. 0 finds free ones.
    pub port: u16,
    /// Where data is kept. Without one, `.cloakroom`, or a temporary directory if `ephemeral`.
    pub data_dir: Option<PathBuf>,
    /// Whether nothing is to outlive the system.
    pub ephemeral: bool,
    /// A directory of built functions to run instead of this executable's own.
    pub bootstraps: Option<PathBuf>,
    /// The environment: the template's parameter `Env`.
    pub env: String,
    /// Other parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// The template.
    pub template: PathBuf,
    /// Whether functions run by their schedules.
    pub schedules: bool,
    /// A directory in which the AWS calls of the functions are recorded, with the grants that allow them.
    pub record_calls: Option<PathBuf>,
    /// Makes the secrets of a new system. Called when `/cloakroom/{env}/keys/private` is empty.
    pub seed_parameters: SeedParameters,
}

/// Given the environment, the names and values of the parameters to store.
pub type SeedParameters = fn(&str) -> Vec<(String, String)>;

impl fmt::Debug for DevOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevOptions")
            .field("port", &self.port)
            .field("data_dir", &self.data_dir)
            .field("ephemeral", &self.ephemeral)
            .field("bootstraps", &self.bootstraps)
            .field("env", &self.env)
            .field("template", &self.template)
            .field("schedules", &self.schedules)
            .field("record_calls", &self.record_calls)
            .finish_non_exhaustive()
    }
}
