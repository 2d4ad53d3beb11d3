//! The `DynamoDB` engine: an embedded database (dynoxide) behind the template's IAM policies.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html>

#[cfg(test)]
mod capacity_tests;
mod execute;
mod needs;
mod streams;
mod tables;
mod usage;

use std::{path::Path, sync::Arc, thread, time::Duration};

use axum::{Router, body::Body, extract::State};
use bytes::Bytes;
use clock::Clock;
use dynoxide::{Database, DynoxideError};
use http::{HeaderMap, Request, Response, StatusCode};
use sam_template::Table;
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    aws_json::{self, AwsError, Dialect},
    iam::{Caller, Principals},
};

pub(crate) use self::streams::Streams;
pub use self::tables::TableError;
pub(crate) use self::tables::{Change, Changes};
use self::usage::Used;

/// How often expired items are removed. AWS may take days, so code must check the expiry time and not rely on removal.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Why the database cannot be opened.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The file cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Open(#[from] DynoxideError),
    /// A table cannot be created.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The records of the streams cannot be indexed.
    #[error("the streams of the database cannot be indexed: {0}")]
    Streams(#[from] rusqlite::Error),
    /// An item of the first start is invalid.
    #[error("the first item of a table is invalid: {0}")]
    Seed(String),
    /// A thread cannot be started.
    #[error("the database cannot be started: {0}")]
    Start(#[from] std::io::Error),
}

/// Returns the address of a new database in memory. It has a name, so that it can be opened again.
/// <https://www.sqlite.org/inmemorydb.html>
fn in_memory() -> String {
    format!("file:{}?mode=memory&cache=shared", Uuid::new_v4())
}

/// The open database. Dropping it stops it.
pub(crate) struct DynamoDb {
    database: Database,
    streams: Streams,
    _stop_sweeper: std::sync::mpsc::Sender<()>,
}

impl DynamoDb {
    /// Opens the database at `path`, or one in memory, and gives its tables the shape of the template.
    pub(crate) fn open(
        path: Option<&Path>,
        tables: &[Table],
        changes: &Changes,
    ) -> Result<Self, DatabaseError> {
        let address = path.map_or_else(in_memory, |path| path.to_string_lossy().into_owned());
        let database = Database::new(&address)?;
        streams::index(&address)?;
        database.disable_bulk_loading()?;
        tables::prepare(&database, tables, changes)?;
        Ok(Self {
            streams: Streams::of(database.clone()),
            _stop_sweeper: sweep(database.clone())?,
            database,
        })
    }

    /// Returns the HTTP service.
    pub(crate) fn into_router(self, principals: Arc<Principals>, clock: Clock) -> Router {
        let gate = Gate {
            database: self,
            principals,
            clock,
        };
        Router::new().fallback(handle).with_state(Arc::new(gate))
    }

    /// Puts an item that the first start creates.
    pub(crate) fn put(&self, table: &str, item: &Value) -> Result<(), DatabaseError> {
        let request = serde_json::from_value(json!({"TableName": table, "Item": item}));
        let request = request.map_err(|error| DatabaseError::Seed(error.to_string()))?;
        self.database.put_item(request)?;
        Ok(())
    }

    /// Returns the streams of the tables.
    pub(crate) fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// Executes an authorized operation.
    async fn execute(&self, operation: &str, body: Bytes) -> Result<Response<Body>, AwsError> {
        let (database, streams) = (self.database.clone(), self.streams.clone());
        let operation = operation.to_owned();
        // The engine blocks. The operation completes even if the caller disconnects.
        let work = move || {
            let done = execute::execute(&database, &operation, &body);
            if needs::may_write(&operation) {
                streams.notify();
            }
            done
        };
        let done = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| AwsError::internal(format!("the database failed: {error}")))?;
        let (status, body) = match done {
            None => return Err(unknown_operation()),
            Some(Ok(body)) => (StatusCode::OK, body),
            Some(Err(error)) => {
                let status = StatusCode::from_u16(error.status_code());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, error.to_json())
            }
        };
        Ok(Dialect::DynamoDb.response(status, body))
    }
}

struct Gate {
    database: DynamoDb,
    principals: Arc<Principals>,
    clock: Clock,
}

async fn handle(State(gate): State<Arc<Gate>>, request: Request<Body>) -> Response<Body> {
    gate.handle(request)
        .await
        .unwrap_or_else(|error| Dialect::DynamoDb.error(&error))
}

impl Gate {
    async fn handle(&self, request: Request<Body>) -> Result<Response<Body>, AwsError> {
        let (parts, body) = aws_json::read(request).await?;
        let now = self.clock.now();
        let caller = self
            .principals
            .authenticate("dynamodb", (&parts, &body), now)?;
        let operation = operation(&parts.headers).ok_or_else(unknown_operation)?;
        authorize(caller, operation, &body)?;
        if !caller.ledger().is_on() {
            return self.database.execute(operation, body).await;
        }
        let database = &self.database.database;
        let used = Used::before(database, operation, &body);
        let response = self.database.execute(operation, body).await?;
        caller.record_usage(used.after(database, response.status().is_success()));
        Ok(response)
    }
}

fn authorize(caller: Caller<'_>, operation: &str, body: &Bytes) -> Result<(), AwsError> {
    let is_transaction = operation.starts_with("Transact");
    for need in needs::needs(operation, &aws_json::parse(body)?) {
        if is_transaction {
            caller.check_part(&need.action, &need.resource, &need.context)?;
        } else {
            caller.check_in(&need.action, &need.resource, &need.context)?;
        }
    }
    Ok(())
}

/// Returns the operation on tables or on streams in `X-Amz-Target`.
fn operation(headers: &HeaderMap) -> Option<&str> {
    let of_tables = Dialect::DynamoDb.operation(headers);
    of_tables.or_else(|| {
        let target = headers.get("x-amz-target")?.to_str().ok()?;
        target.strip_prefix("DynamoDBStreams_20120810.")
    })
}

fn unknown_operation() -> AwsError {
    AwsError::bare("UnknownOperationException")
}

/// Starts a thread that removes expired items periodically.
fn sweep(database: Database) -> std::io::Result<std::sync::mpsc::Sender<()>> {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    thread::Builder::new()
        .name("dynamodb-ttl".to_owned())
        .spawn(move || {
            while stopped.recv_timeout(SWEEP_INTERVAL)
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                // After an error, the next sweep tries again.
                let _ = database.sweep_ttl();
            }
        })?;
    Ok(stop)
}
