//! Records the AWS calls of functions, with the grant of the template that allows each: one JSON object a line.
//!
//! A call is recorded once for each combination of function, grant, trigger and condition values, so a file stays small
//! however long the system runs.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    path::Path,
    sync::Mutex,
};

use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::{line_file::LineFile, locks::lock};

/// The header in which the AWS SDK sends the trace id of the invocation.
const TRACE_HEADER: &str = "x-amzn-trace-id";

/// Records calls into a file. The default records nothing.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Option<Recording>);

#[derive(Debug)]
struct Recording {
    file: LineFile,
    written: Mutex<HashSet<String>>,
    /// The trigger of each invocation, by its trace id; kept as long as the system runs.
    triggers: Mutex<HashMap<String, String>>,
}

/// The origin of a call with a function's credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause<'a> {
    /// The function, in the invocation with this trace id; `None` before its first invocation.
    Function(Option<&'a str>),
    /// A client, with a request that the function presigned.
    Presigned,
    /// Lambda, which uses the role of the function for logs, streams and dead letters.
    Lambda,
}

/// One line of a recording.
#[derive(Debug, Serialize)]
pub(crate) struct Call<'a> {
    /// The function's logical id.
    pub(crate) function: &'a str,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// The grant that allows the call; absent if it is denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<Grant<'a>>,
    /// Whether the call is a part of a transaction.
    pub(crate) transaction: bool,
    /// The values of the condition keys that the granting statement names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) conditions: BTreeMap<&'a str, &'a [String]>,
}

/// One action on one resource of a statement in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Grant<'a> {
    /// The path of the statement, such as `Resources.SigninRole.Properties.Policies.0.PolicyDocument.Statement.1`.
    pub(crate) statement: &'a str,
    /// The index in the statement's `Action`.
    pub(crate) action: usize,
    /// The index in the statement's `Resource`.
    pub(crate) resource: usize,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    call: &'a Call<'a>,
    by: &'a str,
}

impl Recorder {
    /// Creates a file in `directory`, which is created if it is missing.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self(Some(Recording {
            file: LineFile::create_in(directory)?,
            written: Mutex::default(),
            triggers: Mutex::default(),
        })))
    }

    /// Stores the trigger of an invocation, for the calls with its trace id.
    pub(crate) fn invoked(&self, trace_id: &str, event: &[u8]) {
        if let Some(recording) = &self.0 {
            lock(&recording.triggers).insert(trace_id.to_owned(), trigger_of(event));
        }
    }

    /// Tells whether calls are recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes a call, unless the file already contains the same line.
    pub(crate) fn record(&self, call: &Call<'_>, cause: Cause<'_>) {
        let Some(recording) = &self.0 else {
            return;
        };
        let by = recording.trigger(cause);
        let line = Line { call, by: &by };
        let Ok(mut line) = serde_json::to_string(&line) else {
            return;
        };
        line.push('\n');
        if lock(&recording.written).insert(line.clone()) {
            // An error is ignored, because a grant without a line counts as unused and fails the check.
            let _ = recording.file.append(&line);
        }
    }
}

impl Recording {
    /// Names the trigger of a call.
    fn trigger(&self, cause: Cause<'_>) -> String {
        match cause {
            Cause::Lambda => "Lambda".to_owned(),
            Cause::Presigned => "presigned request".to_owned(),
            Cause::Function(None) => "start".to_owned(),
            Cause::Function(Some(trace_id)) => {
                let triggers = lock(&self.triggers);
                let known = triggers.get(trace_id).cloned();
                known.unwrap_or_else(|| "unknown invocation".to_owned())
            }
        }
    }
}

impl<'a> Cause<'a> {
    /// Reads the cause of a signed request from its headers.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let trace_id = headers.get(TRACE_HEADER);
        Self::Function(trace_id.and_then(|value| value.to_str().ok()))
    }
}

/// The members of an event that identify its source.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    route_key: Option<String>,
    #[serde(rename = "detail-type")]
    detail_type: Option<String>,
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_source: Option<String>,
}

/// Names the source of an event: a route, the type of an `EventBridge` event, or a stream.
fn trigger_of(event: &[u8]) -> String {
    let Ok(event) = serde_json::from_slice::<Event>(event) else {
        return "other event".to_owned();
    };
    let of_record = || event.records.into_iter().next()?.event_source;
    event
        .route_key
        .or(event.detail_type)
        .or_else(|| of_record().map(|source| format!("{source} stream")))
        .unwrap_or_else(|| "other event".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    fn call(grant: Option<Grant<'_>>) -> Call<'_> {
        Call {
            function: "F",
            action: "dynamodb:GetItem",
            resource: "table",
            grant,
            transaction: false,
            conditions: BTreeMap::new(),
        }
    }

    fn lines(directory: &Path) -> Vec<Value> {
        let files = fs::read_dir(directory).unwrap();
        let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        let texts: Vec<_> = texts.collect();
        let lines = texts.iter().flat_map(|text| text.lines());
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_event_is_named_by_its_source() {
        for (event, expected) in [
            (json!({"routeKey": "GET /users/{id}"}), "GET /users/{id}"),
            (
                json!({"source": "aws.s3", "detail-type": "Object Created"}),
                "Object Created",
            ),
            (
                json!({"Records": [{"eventSource": "aws:dynamodb"}]}),
                "aws:dynamodb stream",
            ),
            (json!({"Records": []}), "other event"),
            (json!(1), "other event"),
        ] {
            assert_eq!(trigger_of(event.to_string().as_bytes()), expected);
        }
    }

    #[test]
    fn a_call_is_recorded_once_for_each_trigger() {
        let directory = tempfile::tempdir().unwrap();
        let recorder = Recorder::open(&directory.path().join("calls")).unwrap();
        recorder.invoked("trace", br#"{"routeKey": "POST /signin"}"#);
        let grant = Grant {
            statement: "Resources.R.Properties.Policies.0.PolicyDocument.Statement.1",
            action: 0,
            resource: 2,
        };
        for cause in [
            Cause::Function(Some("trace")),
            Cause::Function(Some("trace")),
            Cause::Function(None),
        ] {
            recorder.record(&call(Some(grant)), cause);
        }
        recorder.record(&call(None), Cause::Lambda);
        let expected = |by: &str| json!({"function": "F", "action": "dynamodb:GetItem", "resource": "table", "grant": grant, "transaction": false, "by": by});
        let mut denied = expected("Lambda");
        denied.as_object_mut().unwrap().remove("grant");
        assert_eq!(
            lines(&directory.path().join("calls")),
            [expected("POST /signin"), expected("start"), denied]
        );
    }

    #[test]
    fn each_system_records_into_its_own_file() {
        let directory = tempfile::tempdir().unwrap();
        let recorders = [(); 2].map(|()| Recorder::open(directory.path()).unwrap());
        for recorder in recorders {
            recorder.record(&call(None), Cause::Function(None));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert_eq!(lines(directory.path()).len(), 2);
    }

    #[test]
    fn without_a_directory_nothing_is_recorded() {
        let recorder = Recorder::default();
        recorder.invoked("trace", b"{}");
        recorder.record(&call(None), Cause::Lambda);
        assert!(!recorder.is_on());
    }
}
