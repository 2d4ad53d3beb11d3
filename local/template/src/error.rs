use thiserror::Error;

/// Why a template cannot be used, in words for the person who wrote it.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// An override names a parameter that the template does not declare.
    #[error("the template has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// The name that was given.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A parameter's value, or its declaration, is wrong.
    #[error("parameter `{name}`: {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Something at one place of the template is wrong, or beyond what is understood here.
    #[error("{at}: {problem}")]
    At {
        /// The place, such as `Resources.SigninFunction.Properties.Timeout`.
        at: String,
        /// What is wrong.
        problem: String,
    },
}

impl TemplateError {
    pub(crate) fn at(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::At {
            at: at.into(),
            problem: problem.into(),
        }
    }

    pub(crate) fn parameter(name: &str, problem: impl Into<String>) -> Self {
        Self::Parameter {
            name: name.to_owned(),
            problem: problem.into(),
        }
    }
}
