//! Records what the requests of functions to the tables and to S3 read and write, and their requests to Parameter Store, one
//! JSON object a line: the costs of routes are computed from it (`ci/check_cost.py`).
//!
//! The lines contain whole items. Record a system with test data only.

use std::{collections::HashMap, io, path::Path, sync::Mutex};

use serde_json::{Value, json};

use crate::{calls::Cause, line_file::LineFile, locks::lock};

/// Records the usage of a system into a file. The default records nothing.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Option<Book>);

#[derive(Debug)]
struct Book {
    file: LineFile,
    /// The id of each invocation, as in its log line, by its trace id; kept as long as the system runs.
    invocations: Mutex<HashMap<String, String>>,
}

impl Ledger {
    /// Creates a file in `directory`, which is created if it is missing.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(Some(Book {
            file: LineFile::create_in(directory)?,
            invocations: Mutex::default(),
        })))
    }

    /// Tells whether usage is recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Stores the id of an invocation, for the requests with its trace id. A request to the API has the id of its event.
    pub(crate) fn invoked(&self, trace_id: &str, request_id: &str, event: &[u8]) {
        let Some(book) = &self.0 else { return };
        let event: Value = serde_json::from_slice(event).unwrap_or_default();
        let id = event["requestContext"]["requestId"]
            .as_str()
            .unwrap_or(request_id);
        lock(&book.invocations).insert(trace_id.to_owned(), id.to_owned());
    }

    /// Writes what a request of a function used. Requests outside of an invocation are left out.
    pub(crate) fn record(&self, cause: Cause<'_>, mut used: Value) {
        let Some(book) = &self.0 else { return };
        let Cause::Function(Some(trace_id)) = cause else {
            return;
        };
        let Some(id) = lock(&book.invocations).get(trace_id).cloned() else {
            return;
        };
        used["id"] = json!(id);
        let _ = book.file.append(&format!("{used}\n"));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn usage_is_recorded_under_the_id_of_its_invocation() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(directory.path()).unwrap();
        let request = br#"{"requestContext": {"requestId": "of the request"}}"#;
        ledger.invoked("a", "of Lambda", request);
        ledger.invoked("b", "of Lambda", b"{}");
        for trace_id in ["a", "b", "unknown"] {
            let used = json!({"operation": "GetItem"});
            ledger.record(Cause::Function(Some(trace_id)), used);
        }
        ledger.record(Cause::Function(None), json!({}));
        ledger.record(Cause::Presigned, json!({}));
        let files: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        let [Ok(file)] = files.as_slice() else {
            panic!("{files:?}");
        };
        let text = fs::read_to_string(file.path()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        let expected =
            ["of the request", "of Lambda"].map(|id| json!({"operation": "GetItem", "id": id}));
        assert_eq!(lines, expected);
    }

    #[test]
    fn without_a_directory_nothing_is_recorded() {
        let ledger = Ledger::default();
        ledger.invoked("a", "b", b"{}");
        ledger.record(Cause::Function(Some("a")), json!({}));
        assert!(!ledger.is_on());
    }
}
