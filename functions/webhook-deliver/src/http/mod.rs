//! Sends one request to an endpoint. The connection goes to an address that was checked, never to a name: there is no second
//! resolution, no pool, no redirect and no proxy (docs/adr/0055-which-addresses-a-webhook-may-reach.md).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::webhook::{AttemptResult, EndpointUrl, FailureKind, Reach};
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use crate::address::{Resolver, allowed_addresses, may_reach};

/// The time of one attempt: resolution, connection, request and response.
const ATTEMPT: Duration = Duration::from_secs(15);
/// The time for the connection to one address. A host may have several.
const CONNECT: Duration = Duration::from_secs(5);
/// The most bytes of a response that are received, head or body. They are not used: only the status counts.
const LONGEST_RESPONSE: usize = 64 * 1024;

const USER_AGENT: &str = "Cloakroom-Webhooks/1";

/// The headers that identify and sign a delivery.
#[derive(Debug)]
pub struct SignedHeaders {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
}

/// Sends webhooks.
pub struct Sender {
    tls: TlsConnector,
    reach: Reach,
    resolver: Resolver,
}

impl Sender {
    /// A sender that trusts the certificate authorities of Mozilla's list.
    pub fn new(reach: Reach) -> Result<Self, tokio_rustls::rustls::Error> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::trusting(roots, reach)
    }

    fn trusting(roots: RootCertStore, reach: Reach) -> Result<Self, tokio_rustls::rustls::Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            reach,
            resolver: Resolver::System,
        })
    }

    /// Posts a payload, once.
    pub async fn post(
        &self,
        url: &EndpointUrl,
        headers: &SignedHeaders,
        payload: &str,
    ) -> AttemptResult {
        let attempt = self.attempt(url, headers, payload);
        match timeout(ATTEMPT, attempt).await {
            Ok(Ok(status)) => AttemptResult::Status(status),
            Ok(Err(kind)) => AttemptResult::Failed(kind),
            Err(_) => AttemptResult::Failed(FailureKind::Timeout),
        }
    }

    async fn attempt(
        &self,
        url: &EndpointUrl,
        headers: &SignedHeaders,
        payload: &str,
    ) -> Result<u16, FailureKind> {
        let request = request(url, headers, payload).map_err(|_| FailureKind::Protocol)?;
        let addresses = allowed_addresses(url, self.reach, self.resolver).await?;
        let tcp = self.connect(&addresses).await?;
        if !url.is_https() {
            return exchange(tcp, request).await;
        }
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| FailureKind::Tls)?;
        let tls = self.tls.connect(name, tcp).await;
        exchange(tls.map_err(|_| FailureKind::Tls)?, request).await
    }

    /// Connects to the first address that accepts.
    async fn connect(&self, addresses: &[SocketAddr]) -> Result<TcpStream, FailureKind> {
        for address in addresses {
            // Checked here too, so that no caller can connect to an address that is not.
            if !may_reach(address.ip(), self.reach) {
                return Err(FailureKind::ForbiddenAddress);
            }
            if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
                return Ok(stream);
            }
        }
        Err(FailureKind::Connection)
    }
}

fn request(
    url: &EndpointUrl,
    headers: &SignedHeaders,
    payload: &str,
) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::post(url.path_and_query())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .header("webhook-id", &headers.id)
        .header("webhook-timestamp", headers.timestamp)
        .header("webhook-signature", &headers.signature)
        .body(Full::from(payload.to_owned()))
}

/// Sends a request over a connection and returns the status of the response.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<u16, FailureKind> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LONGEST_RESPONSE);
    let handshake = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| FailureKind::Connection)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| {
            if error.is_parse() {
                FailureKind::Protocol
            } else {
                FailureKind::Connection
            }
        })?;
        let status = response.status().as_u16();
        // The status is known; what is wrong with the body does not matter. The endpoint can finish its response.
        let _ = timeout(CONNECT, drain(response.into_body())).await;
        Ok(status)
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        status = &mut exchange => status,
        // The connection ends before its last response is read.
        _ = connection => exchange.await,
    }
}

/// Receives a body up to the limit.
async fn drain(mut body: Incoming) {
    let mut received = 0;
    while let Some(Ok(frame)) = body.frame().await {
        received += frame.data_ref().map_or(0, Bytes::len);
        if received > LONGEST_RESPONSE {
            return;
        }
    }
}

#[cfg(test)]
mod rebinding;
#[cfg(test)]
mod tests;
