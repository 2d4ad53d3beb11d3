//! The address of a connection's client.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::net::TcpStream;

use crate::serve::Prompt;

/// The address of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl<L> Connected<IncomingStream<'_, Prompt<L>>> for Peer
where
    L: Listener<Io = TcpStream, Addr = SocketAddr>,
{
    fn connect_info(stream: IncomingStream<'_, Prompt<L>>) -> Self {
        Self(stream.remote_addr().ip())
    }
}
