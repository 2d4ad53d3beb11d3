//! The template on disk, with the parameters of a local system.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use sam_template::{AccessPoint, Bucket, Cors, Function, Route, Table, Template};

use crate::{DevError, DevOptions};

/// The gateway writes a line for each request; of the functions only what is wrong is worth another.
const LOG_LEVEL: &str = "warn";

/// On one machine all requests come from one address: those of a person, of a test, and of a script that makes users.
const REQUESTS_PER_ADDRESS: &str = "3000";

/// A person who tries things out sends many mails to one address, and tests send more.
const MAILS_PER_DAY: &str = "100000";

/// Mail works at once: none of it leaves the machine.
const MAIL_FROM: &str = "cloakroom@localhost";

/// What the template says, as far as the local system follows it.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
    pub(crate) tables: Vec<Table>,
    pub(crate) cors: Option<Cors>,
    /// Where the files of the page are, beside the template.
    pub(crate) site: PathBuf,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) access_points: Vec<AccessPoint>,
}

impl Project {
    /// Reads the template for a system whose API is at `api_url`.
    pub(crate) fn read(options: &DevOptions, api_url: &str) -> Result<Self, DevError> {
        let path = find(&options.template);
        let text = fs::read_to_string(&path).map_err(|error| DevError::ReadTemplate {
            path: path.clone(),
            error,
        })?;
        let wrong = |error| DevError::Template {
            path: path.clone(),
            error,
        };
        let template = Template::parse(&text, &parameters(options, api_url, &text)?);
        let template = template.map_err(wrong)?;
        Ok(Self {
            functions: template.functions().map_err(wrong)?,
            routes: template.routes().map_err(wrong)?,
            tables: template.tables().map_err(wrong)?,
            cors: template.cors().map_err(wrong)?,
            site: path.with_file_name("web"),
            buckets: template.buckets().map_err(wrong)?,
            access_points: template.access_points().map_err(wrong)?,
        })
    }
}

/// The person's parameters, the environment, a log for people, room for them at one address, and an issuer that tokens can
/// name: the functions see the host that a client chose to call, which may be 127.0.0.1 or localhost.
fn parameters(
    options: &DevOptions,
    api_url: &str,
    text: &str,
) -> Result<BTreeMap<String, String>, DevError> {
    if options.parameters.contains_key("Env") {
        return Err(DevError::EnvParameter);
    }
    // Which parameters there are is known only once the template has been read without any.
    let declared = Template::parse(text, &BTreeMap::new()).ok();
    let is_declared = |name: &str| {
        declared
            .as_ref()
            .is_some_and(|template| template.has_parameter(name))
    };
    let mut parameters = options.parameters.clone();
    if is_declared("Env") {
        parameters.insert("Env".to_owned(), options.env.clone());
    }
    // A browser may come by either name.
    let origins = format!("{api_url},{}", api_url.replace("127.0.0.1", "localhost"));
    // The page is where the API is.
    let page = format!("{api_url}/");
    for (name, value) in [
        ("AllowedOrigins", origins.as_str()),
        ("Issuer", api_url),
        ("LogLevel", LOG_LEVEL),
        ("RequestsPerAddress", REQUESTS_PER_ADDRESS),
        ("MailFrom", MAIL_FROM),
        ("MailsPerMailbox", MAILS_PER_DAY),
        ("MailsPerDay", MAILS_PER_DAY),
        ("AppUrl", page.as_str()),
    ] {
        if is_declared(name) {
            parameters
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    Ok(parameters)
}

/// `template`, or the nearest file of that name in a directory above: the command works in every
/// directory of the project.
fn find(template: &Path) -> PathBuf {
    if template.exists() || template.components().count() != 1 {
        return template.to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors()
        .map(|directory| directory.join(template))
        .find(|path| path.exists())
        .unwrap_or_else(|| template.to_owned())
}
