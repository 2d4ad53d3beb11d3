//! The stored parameters and their file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::error::SsmError;
use crate::files;

/// A parameter's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    String,
    StringList,
    SecureString,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "String" => Some(Self::String),
            "StringList" => Some(Self::StringList),
            "SecureString" => Some(Self::SecureString),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }
}

/// A stored parameter. It does not implement `Debug`, because the value may be secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) version: u64,
    #[serde(with = "time::serde::timestamp")]
    pub(crate) modified: OffsetDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// A parameter to write.
pub(crate) struct NewParameter {
    pub(crate) name: String,
    pub(crate) value: String,
    /// `None` keeps the type of an existing parameter.
    pub(crate) kind: Option<Kind>,
    pub(crate) description: Option<String>,
    pub(crate) overwrite: bool,
}

/// All parameters, sorted by name.
#[derive(Default)]
pub(crate) struct ParameterStore {
    file: Option<PathBuf>,
    parameters: BTreeMap<String, Parameter>,
}

impl ParameterStore {
    /// Creates an empty store in memory.
    pub(crate) fn in_memory() -> Self {
        Self::default()
    }

    /// Opens the store in `file`. A missing file is an empty store.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let parameters = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self {
            file: Some(file.to_owned()),
            parameters,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Parameter> {
        self.parameters.get(name)
    }

    /// Lists the parameters below `path`: all of them, or only those of the next level.
    pub(crate) fn under(
        &self,
        path: &str,
        recursive: bool,
    ) -> impl Iterator<Item = (&str, &Parameter)> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        self.iter().filter(move |(name, _)| {
            name.strip_prefix(prefix.as_str())
                .is_some_and(|rest| recursive || !rest.contains('/'))
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters
            .iter()
            .map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// Writes a parameter and returns its version. Nothing changes unless the file was written.
    pub(crate) fn put(&mut self, new: NewParameter, now: OffsetDateTime) -> Result<u64, SsmError> {
        let existing = self.parameters.get(&new.name);
        if existing.is_some() && !new.overwrite {
            return Err(SsmError::AlreadyExists);
        }
        let kind = new
            .kind
            .or(existing.map(|existing| existing.kind))
            .ok_or_else(|| {
                SsmError::validation("A parameter type is required when you create a parameter.")
            })?;
        let version = existing.map_or(1, |existing| existing.version + 1);
        let parameter = Parameter {
            kind,
            value: new.value,
            version,
            modified: now,
            description: new
                .description
                .or_else(|| existing.and_then(|existing| existing.description.clone())),
        };
        let mut changed = self.parameters.clone();
        changed.insert(new.name, parameter);
        self.save(changed)?;
        Ok(version)
    }

    pub(crate) fn delete(&mut self, name: &str) -> Result<(), SsmError> {
        let mut changed = self.parameters.clone();
        if changed.remove(name).is_none() {
            return Err(SsmError::NotFound(name.to_owned()));
        }
        Ok(self.save(changed)?)
    }

    fn save(&mut self, changed: BTreeMap<String, Parameter>) -> io::Result<()> {
        if let Some(file) = &self.file {
            files::write_private(file, &serde_json::to_vec_pretty(&changed)?)?;
        }
        self.parameters = changed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

    fn new(name: &str, value: &str, overwrite: bool) -> NewParameter {
        NewParameter {
            name: name.to_owned(),
            value: value.to_owned(),
            kind: Some(Kind::SecureString),
            description: None,
            overwrite,
        }
    }

    #[test]
    fn parameters_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("parameters.json");
        let mut store = ParameterStore::open(&file).unwrap();
        store.put(new("/a/b", "one", false), NOW).unwrap();
        assert_eq!(store.put(new("/a/b", "two", true), NOW).unwrap(), 2);

        let store = ParameterStore::open(&file).unwrap();
        let parameter = store.get("/a/b").unwrap();
        assert_eq!((parameter.value.as_str(), parameter.version), ("two", 2));
        assert_eq!(parameter.modified, NOW);
    }

    #[test]
    fn a_parameter_is_overwritten_only_on_request() {
        let mut store = ParameterStore::in_memory();
        store.put(new("/a", "one", false), NOW).unwrap();
        let again = store.put(new("/a", "two", false), NOW);
        assert!(matches!(again, Err(SsmError::AlreadyExists)));
        assert_eq!(store.get("/a").unwrap().value, "one");
    }

    #[test]
    fn a_path_matches_whole_levels() {
        let mut store = ParameterStore::in_memory();
        for name in ["/a/b", "/a/b/c", "/ab/c", "/a/d"] {
            store.put(new(name, "x", false), NOW).unwrap();
        }
        let under = |path, recursive| -> Vec<_> {
            store
                .under(path, recursive)
                .map(|(name, _)| name.to_owned())
                .collect()
        };
        assert_eq!(under("/a", false), ["/a/b", "/a/d"]);
        assert_eq!(under("/a/", true), ["/a/b", "/a/b/c", "/a/d"]);
        assert_eq!(under("/", true).len(), 4);
    }
}
