use std::{collections::BTreeMap, str::FromStr};

/// The environment variables of the process, read once at start.
#[derive(Debug, Clone, Default)]
pub struct Env(BTreeMap<String, String>);

/// A setting that is missing or invalid. The function does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// The variable is required and not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The variable has an invalid value.
    #[error("the environment variable {0} is not {1}")]
    Invalid(&'static str, &'static str),
}

impl Env {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a required variable.
    ///
    /// # Errors
    /// When it is not set.
    pub fn required(&self, name: &'static str) -> Result<String, EnvError> {
        self.get(name)
            .map(str::to_owned)
            .ok_or(EnvError::Missing(name))
    }

    /// The parsed value of a required variable; `what` describes a valid one.
    ///
    /// # Errors
    /// When it is not set or cannot be parsed.
    pub fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        what: &'static str,
    ) -> Result<T, EnvError> {
        self.required(name)?
            .parse()
            .map_err(|_| EnvError::Invalid(name, what))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(
            variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_invalid_setting_is_named_in_the_error() {
        let env = Env::from([("COST", "12"), ("EMPTY", ""), ("WORD", "twelve")]);
        assert_eq!(env.parsed("COST", "a number"), Ok(12));
        assert_eq!(env.required("EMPTY"), Err(EnvError::Missing("EMPTY")));
        let error = env.parsed::<u32>("WORD", "a number").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable WORD is not a number"
        );
    }
}
