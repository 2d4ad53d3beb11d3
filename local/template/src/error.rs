use thiserror::Error;

/// Why a template cannot be used. The message is for its author.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// An override names a parameter that the template does not declare.
    #[error("the template has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// The unknown name.
        name: String,
        /// The declared names.
        known: String,
    },
    /// A parameter's value or declaration is invalid.
    #[error("parameter `{name}`: {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// The problem.
        problem: String,
    },
    /// A part of the template is invalid or not supported.
    #[error("{at}: {problem}")]
    At {
        /// The path, for example `Resources.SigninFunction.Properties.Timeout`.
        at: String,
        /// The problem.
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
