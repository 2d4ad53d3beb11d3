//! The ports of a system: the API's, and the following ones for the engines.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use thiserror::Error;
use tokio::net::TcpListener;

/// Why a port is not available.
#[derive(Debug, Error)]
pub enum PortError {
    /// Another program uses the port.
    #[error(
        "port {port}, for the {service}, is in use by another program; \
         stop it, choose another --port, or use --port 0 for free ports"
    )]
    InUse {
        /// The port.
        port: u16,
        /// The service that needs it.
        service: &'static str,
    },
    /// There are no port numbers left for the engines.
    #[error("--port {0} leaves no ports for the engines after it; choose a lower one")]
    TooHigh(u16),
    /// Another operating system error.
    #[error("port {port}, for the {service}, cannot be used: {error}")]
    Io {
        /// The port.
        port: u16,
        /// The service that needs it.
        service: &'static str,
        /// The cause.
        error: io::Error,
    },
}

/// The listeners of a system, all on the loopback interface. See [`containers`](crate::containers) for container
/// networks.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) api: Listener,
    pub(crate) dynamodb: Listener,
    pub(crate) ssm: Listener,
    pub(crate) s3: Listener,
    pub(crate) lambda: Listener,
    pub(crate) ses: Listener,
    pub(crate) sqs: Listener,
    pub(crate) eventbridge: Listener,
    pub(crate) payments: Listener,
}

/// A listener with its address.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listener {
    /// Returns the address as a URL without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn bind(port: u16, service: &'static str) -> Result<Self, PortError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => PortError::InUse { port, service },
            _ => PortError::Io {
                port,
                service,
                error,
            },
        };
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }
}

impl Listeners {
    /// Listens on `port` and the next eight ports, or on free ports when `port` is 0.
    pub(crate) async fn bind(port: u16) -> Result<Self, PortError> {
        let after = |offset: u16| match port {
            0 => Ok(0),
            port => port.checked_add(offset).ok_or(PortError::TooHigh(port)),
        };
        Ok(Self {
            api: Listener::bind(port, "API").await?,
            dynamodb: Listener::bind(after(1)?, "DynamoDB engine").await?,
            ssm: Listener::bind(after(2)?, "SSM engine").await?,
            s3: Listener::bind(after(3)?, "S3 engine").await?,
            lambda: Listener::bind(after(4)?, "Lambda API").await?,
            ses: Listener::bind(after(5)?, "SES engine").await?,
            sqs: Listener::bind(after(6)?, "SQS engine").await?,
            eventbridge: Listener::bind(after(7)?, "EventBridge engine").await?,
            payments: Listener::bind(after(8)?, "payment stand-in").await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_used_port_is_an_error_with_a_remedy() {
        let first = Listeners::bind(0).await.unwrap();
        let port = first.api.address.port();
        let error = Listeners::bind(port).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "port {port}, for the API, is in use by another program; \
                 stop it, choose another --port, or use --port 0 for free ports"
            )
        );
    }

    #[tokio::test]
    async fn the_last_port_number_is_refused() {
        let error = Listeners::bind(u16::MAX).await.unwrap_err();
        assert!(error.to_string().contains("65535"), "{error}");
    }
}
