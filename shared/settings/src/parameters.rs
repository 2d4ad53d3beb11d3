use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use secrecy::SecretString;

use crate::aws::explain;

/// The secrets under one path of Parameter Store, by their names relative to it.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, SecretString>);

/// Parameter Store did not return the values.
#[derive(Debug, thiserror::Error)]
#[error("GetParametersByPath: {0}")]
pub struct FetchError(String);

impl Parameters {
    /// Parameters of these names and values.
    pub fn new(values: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// All values under a sub-path (`""` for all), by the rest of their names.
    pub fn under<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a SecretString)> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            let rest = if prefix.is_empty() {
                rest
            } else {
                rest.strip_prefix('/')?
            };
            Some((rest, value))
        })
    }

    /// Reads everything under `path`, in one request for each ten values
    /// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>).
    ///
    /// # Errors
    /// When Parameter Store does not return the values.
    pub async fn fetch(ssm: &Client, path: &str) -> Result<Self, FetchError> {
        let request = || {
            ssm.get_parameters_by_path()
                .path(path)
                .recursive(true)
                .with_decryption(true)
        };
        let mut values = BTreeMap::new();
        let mut next = None;
        loop {
            let page = request()
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| FetchError(explain(&error)))?;
            values.extend(
                page.parameters
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|found| {
                        let name = found
                            .name?
                            .strip_prefix(path)?
                            .trim_start_matches('/')
                            .to_owned();
                        Some((name, SecretString::from(found.value?)))
                    }),
            );
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(Self(values));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn under_cuts_at_whole_segments() {
        let one = |name: &str| (name.to_owned(), SecretString::from(name.to_owned()));
        let all = Parameters::new([one("keys/public/a"), one("keys/publicity"), one("other")]);
        let names: Vec<_> = all
            .under("keys/public")
            .map(|(rest, v)| (rest, v.expose_secret()))
            .collect();
        assert_eq!(names, [("a", "keys/public/a")]);
        assert_eq!(all.under("").count(), 3);
    }

    #[test]
    fn values_are_redacted_in_debug() {
        let all = Parameters::new([("a".to_owned(), SecretString::from("hush".to_owned()))]);
        assert!(!format!("{all:?}").contains("hush"));
    }
}
