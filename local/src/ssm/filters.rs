//! The filters of `DescribeParameters`.

use serde_json::Value;

use super::{
    error::SsmError,
    store::{Kind, Parameter},
};

/// One filter. A parameter must match all filters.
pub(crate) struct Filter<'a> {
    key: Key,
    values: Vec<&'a str>,
}

#[derive(Clone, Copy)]
enum Key {
    NameEquals,
    NameBeginsWith,
    NameContains,
    PathOneLevel,
    PathRecursive,
    Type,
}

impl<'a> Filter<'a> {
    /// Parses `ParameterFilters`.
    pub(crate) fn read_all(body: &'a Value) -> Result<Vec<Self>, SsmError> {
        let filters = body["ParameterFilters"].as_array().into_iter().flatten();
        filters.map(Self::read).collect()
    }

    fn read(filter: &'a Value) -> Result<Self, SsmError> {
        let key = filter["Key"].as_str().unwrap_or_default();
        let key = match (key, filter["Option"].as_str()) {
            ("Name", None | Some("Equals")) => Key::NameEquals,
            ("Name", Some("BeginsWith")) => Key::NameBeginsWith,
            ("Name", Some("Contains")) => Key::NameContains,
            ("Path", None | Some("OneLevel")) => Key::PathOneLevel,
            ("Path", Some("Recursive")) => Key::PathRecursive,
            ("Type", None | Some("Equals")) => Key::Type,
            (key, option) => {
                return Err(SsmError::InvalidFilter(format!(
                    "the filter {key} {} is not supported by the local system",
                    option.unwrap_or_default()
                )));
            }
        };
        let values = filter["Values"].as_array().into_iter().flatten();
        Ok(Self {
            key,
            values: values.filter_map(Value::as_str).collect(),
        })
    }

    /// Whether the parameter `name` matches.
    pub(crate) fn matches(&self, name: &str, parameter: &Parameter) -> bool {
        self.values.iter().any(|value| match self.key {
            Key::NameEquals => name == *value,
            Key::NameBeginsWith => name.starts_with(value),
            Key::NameContains => name.contains(value),
            Key::PathOneLevel => below(name, value).is_some_and(|rest| !rest.contains('/')),
            Key::PathRecursive => below(name, value).is_some(),
            Key::Type => Kind::parse(value) == Some(parameter.kind),
        })
    }
}

fn below<'a>(name: &'a str, path: &str) -> Option<&'a str> {
    name.strip_prefix(path.trim_end_matches('/'))?
        .strip_prefix('/')
}
