//! The embedded database: an engine of its own, and in front of it the policies of the template.

mod needs;
mod streams;
mod tables;

use std::{net::SocketAddr, path::Path, sync::Arc, thread, time::Duration};

use axum::{Router, body::Body, extract::State};
use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{Request, Response, Uri, request::Parts, uri};
use http_body_util::Full;
use hyper_util::{client::legacy, rt::TokioExecutor};
use template::Table;
use thiserror::Error;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    aws_json::{self, AwsError, Dialect},
    iam::Principals,
};

pub(crate) use self::streams::Streams;
pub use self::tables::TableError;

/// How often expired items are removed. AWS takes up to days; code that relies on the removal
/// rather than on the time is wrong in both places.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// The file cannot be opened.
    #[error("the database cannot be opened: {0}")]
    Open(#[from] DynoxideError),
    /// A table cannot be made ready.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The engine's server cannot be started.
    #[error("the database cannot be started: {0}")]
    Start(#[from] std::io::Error),
}

type Client = legacy::Client<legacy::connect::HttpConnector, Full<Bytes>>;

/// The running engine. Dropping it stops it.
pub(crate) struct DynamoDb {
    engine: SocketAddr,
    client: Client,
    streams: Streams,
    _stop_server: oneshot::Sender<()>,
    _stop_sweeper: std::sync::mpsc::Sender<()>,
}

impl DynamoDb {
    /// Opens the database at `path`, or one in memory, with `tables` in it.
    pub(crate) async fn open(path: Option<&Path>, tables: &[Table]) -> Result<Self, DatabaseError> {
        let database = match path {
            Some(path) => Database::new(&path.to_string_lossy())?,
            None => Database::memory()?,
        };
        database.disable_bulk_loading()?;
        tables::prepare(&database, tables)?;
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let engine = listener.local_addr()?;
        Ok(Self {
            engine,
            client: legacy::Client::builder(TokioExecutor::new()).build_http(),
            streams: Streams::of(database.clone()),
            _stop_sweeper: sweep(database.clone())?,
            _stop_server: serve(listener, database)?,
        })
    }

    /// The engine behind the template's policies, as an HTTP service.
    pub(crate) fn into_router(self, principals: Arc<Principals>) -> Router {
        let gate = Gate {
            database: self,
            principals,
        };
        Router::new().fallback(handle).with_state(Arc::new(gate))
    }

    /// What changes in the tables, for those who follow it.
    pub(crate) fn streams(&self) -> Streams {
        self.streams.clone()
    }

    async fn forward(&self, mut parts: Parts, body: Bytes) -> Result<Response<Body>, AwsError> {
        let path = parts.uri.path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(uri::Scheme::HTTP)
            .authority(self.engine.to_string())
            .path_and_query(path.unwrap_or_else(|| uri::PathAndQuery::from_static("/")));
        parts.uri = uri.build().map_err(unreachable)?;
        parts.headers.remove(http::header::CONNECTION);
        parts.headers.remove(http::header::TRANSFER_ENCODING);
        let request = Request::from_parts(parts, Full::new(body));
        let response = self.client.request(request).await.map_err(unreachable)?;
        Ok(response.map(Body::new))
    }
}

struct Gate {
    database: DynamoDb,
    principals: Arc<Principals>,
}

async fn handle(State(gate): State<Arc<Gate>>, request: Request<Body>) -> Response<Body> {
    gate.answer(request)
        .await
        .unwrap_or_else(|error| Dialect::DynamoDb.error(&error))
}

impl Gate {
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, AwsError> {
        let (parts, body) = aws_json::read(request).await?;
        if parts.method == http::Method::POST {
            self.authorize(&parts, &body)?;
        }
        let writes = Dialect::DynamoDb
            .operation(&parts.headers)
            .is_some_and(needs::may_write);
        let response = self.database.forward(parts, body).await;
        if writes {
            self.database.streams.look();
        }
        response
    }

    fn authorize(&self, parts: &Parts, body: &Bytes) -> Result<(), AwsError> {
        let principal = self.principals.authenticate(&parts.headers)?;
        let Some(operation) = Dialect::DynamoDb.operation(&parts.headers) else {
            // Streams have another prefix; no function reads them yet.
            return Ok(principal.check("dynamodb:GetRecords", "*")?);
        };
        for need in needs::needs(operation, &aws_json::parse(body)?) {
            principal.check_in(&need.action, &need.resource, &need.context)?;
        }
        Ok(())
    }
}

fn unreachable(error: impl std::fmt::Display) -> AwsError {
    AwsError::internal(format!("the local database does not answer: {error}"))
}

/// Serves the engine on a thread of its own: it works on the thread that reads the request, and
/// would hold up everything else there.
fn serve(listener: TcpListener, database: Database) -> std::io::Result<oneshot::Sender<()>> {
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    thread::Builder::new()
        .name("dynamodb".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    () = dynoxide::server::serve_on(listener, database) => {}
                    _ = stopped => {}
                }
            });
        })?;
    Ok(stop)
}

/// Removes expired items now and then, on a plain thread: a sweep blocks.
fn sweep(database: Database) -> std::io::Result<std::sync::mpsc::Sender<()>> {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    thread::Builder::new()
        .name("dynamodb-ttl".to_owned())
        .spawn(move || {
            while stopped.recv_timeout(SWEEP_INTERVAL)
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                // What a sweep could not remove, the next one will.
                let _ = database.sweep_ttl();
            }
        })?;
    Ok(stop)
}
