//! The address of a connection's client.

use std::net::IpAddr;

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::net::TcpListener;

use crate::containers::BridgeListener;

/// The address of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

impl Connected<IncomingStream<'_, BridgeListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, BridgeListener>) -> Self {
        Self(stream.remote_addr().ip())
    }
}
