//! Reads the template with the parameters of a local system.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use sam_template::{
    AccessPoint, Bucket, ConfigurationSet, Cors, Function, Queue, Route, Rule, Table, Template,
};

use crate::{DevError, DevOptions, Urls, watch::TemplateFile};

/// The parts of the template that the local system supports.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) template: TemplateFile,
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
    pub(crate) tables: Vec<Table>,
    pub(crate) cors: Option<Cors>,
    /// The folder whose files are served next to the API.
    pub(crate) site: Option<PathBuf>,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) access_points: Vec<AccessPoint>,
    pub(crate) configuration_sets: Vec<ConfigurationSet>,
    pub(crate) queues: Vec<Queue>,
    /// The names of the event buses.
    pub(crate) buses: Vec<String>,
    pub(crate) rules: Vec<Rule>,
    /// The values of the template's parameters.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl Project {
    /// Reads the template for a system with these URLs, whose queues are at `sqs_url`.
    pub(crate) fn read(options: &DevOptions, urls: &Urls, sqs_url: &str) -> Result<Self, DevError> {
        let path = find(&options.template);
        let text = fs::read_to_string(&path).map_err(|error| read_error(path.clone(), error))?;
        let failed = |error| DevError::Template {
            path: path.clone(),
            error,
        };
        let template = Template::parse(&text, &parameters(options, urls, &text));
        let template = template.map_err(failed)?;
        let template = template.with_stack_name(&options.stack_name);
        let template = template.with_queue_endpoint(sqs_url);
        Ok(Self {
            functions: template.functions().map_err(failed)?,
            routes: template.routes().map_err(failed)?,
            tables: template.tables().map_err(failed)?,
            cors: template.cors().map_err(failed)?,
            site: options.site.as_ref().map(|site| path.with_file_name(site)),
            buckets: template.buckets().map_err(failed)?,
            access_points: template.access_points().map_err(failed)?,
            configuration_sets: template.configuration_sets().map_err(failed)?,
            queues: template.queues().map_err(failed)?,
            buses: template.event_buses().map_err(failed)?,
            rules: template.rules().map_err(failed)?,
            parameters: template.parameter_values(),
            template: TemplateFile { path, text },
        })
    }
}

fn read_error(path: PathBuf, error: io::Error) -> DevError {
    if error.kind() != io::ErrorKind::NotFound {
        return DevError::ReadTemplate { path, error };
    }
    // A file name alone is searched for in the parent directories.
    let folder = (path.components().count() == 1).then(|| std::env::current_dir().ok());
    DevError::NoTemplate {
        path,
        searched: folder.flatten(),
    }
}

/// Returns the overrides of the template's parameters: those of the options, and the defaults that the template
/// declares.
fn parameters(options: &DevOptions, urls: &Urls, text: &str) -> BTreeMap<String, String> {
    // The template must be parsed without overrides first to know its parameters.
    let declared = Template::parse(text, &BTreeMap::new()).ok();
    let is_declared = |name: &str| {
        declared
            .as_ref()
            .is_some_and(|template| template.has_parameter(name))
    };
    let mut parameters = options.parameters.clone();
    for (name, value) in (options.default_parameters)(urls) {
        if is_declared(name) {
            parameters.entry(name.to_owned()).or_insert(value);
        }
    }
    parameters
}

/// Finds `template`, or the nearest file of that name in a parent directory, so that the command works in every
/// directory of the project.
fn find(template: &Path) -> PathBuf {
    find_template(template).unwrap_or_else(|| template.to_owned())
}

/// Returns `template` if it exists, or the nearest file of that name in a parent directory.
#[must_use]
pub fn find_template(template: &Path) -> Option<PathBuf> {
    if template.exists() {
        return Some(template.to_owned());
    }
    if template.components().count() != 1 {
        return None;
    }
    let here = std::env::current_dir().ok()?;
    let files = here.ancestors().map(|directory| directory.join(template));
    files.into_iter().find(|path| path.exists())
}
