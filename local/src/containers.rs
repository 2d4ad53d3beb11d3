//! The way from containers to the engines.
//!
//! `sam local` runs functions in containers, to which the loopback interface is their own. Docker Desktop forwards
//! `host.docker.internal` to ours; on Linux that name is the address of Docker's bridge, so the engines listen there, too
//! (docs/adr/0013-engines-for-containers.md).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::serve::Listener;
use if_addrs::{IfAddr, Ifv4Addr};
use tokio::net::{TcpListener, TcpStream};

/// The name that Docker gives the interface of its default network.
const BRIDGE: &str = "docker0";

/// A network of containers on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bridge {
    /// This machine's own address in it.
    pub(crate) address: Ipv4Addr,
    netmask: Ipv4Addr,
}

/// A listener that only hears the containers of a bridge, and this machine. Linux lets every network reach every address of
/// a machine, so an address alone keeps nobody out.
#[derive(Debug)]
pub(crate) struct BridgeListener {
    bridge: Bridge,
    socket: TcpListener,
}

impl Bridge {
    /// Docker's default network, where there is one.
    pub(crate) fn find() -> Option<Self> {
        let interfaces = if_addrs::get_if_addrs().ok()?;
        interfaces
            .into_iter()
            .find_map(|interface| match interface.addr {
                IfAddr::V4(Ifv4Addr { ip, netmask, .. }) if interface.name == BRIDGE => {
                    Some(Self {
                        address: ip,
                        netmask,
                    })
                }
                _ => None,
            })
    }

    /// Listens on its side of `port`.
    pub(crate) async fn listen(self, port: u16) -> io::Result<BridgeListener> {
        let socket = TcpListener::bind((self.address, port)).await?;
        Ok(BridgeListener {
            bridge: self,
            socket,
        })
    }

    fn has(self, peer: IpAddr) -> bool {
        let IpAddr::V4(peer) = peer else {
            return false;
        };
        peer & self.netmask == self.address & self.netmask
    }
}

impl BridgeListener {
    #[cfg(test)]
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Listener for BridgeListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            // Waits and tries again when there is an error, as axum does for its own listeners.
            let (stream, peer) = Listener::accept(&mut self.socket).await;
            if self.bridge.has(peer.ip()) {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// The loopback network is 127.0.0.0/8: a bridge of the half of it that begins with 127.0 has strangers in the other.
    const BRIDGE: Bridge = Bridge {
        address: Ipv4Addr::LOCALHOST,
        netmask: Ipv4Addr::new(255, 255, 0, 0),
    };

    async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    // Other systems give the loopback interface one address only.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_the_bridge_is_heard() {
        let mut listener = BRIDGE.listen(0).await.unwrap();
        let address = listener.address().unwrap();
        let mut stranger = connect([127, 1, 0, 1], address).await;
        let container = connect([127, 0, 0, 2], address).await;
        let (_stream, peer) = Listener::accept(&mut listener).await;
        assert_eq!(peer, container.local_addr().unwrap());
        let read = stranger.read(&mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }

    #[test]
    fn the_network_is_what_the_mask_says() {
        let docker = Bridge {
            address: Ipv4Addr::new(172, 17, 0, 1),
            netmask: Ipv4Addr::new(255, 255, 0, 0),
        };
        for (peer, inside) in [
            ("172.17.0.1", true),
            ("172.17.255.254", true),
            ("172.18.0.1", false),
            ("192.168.1.20", false),
            ("::ffff:172.17.0.2", false),
        ] {
            assert_eq!(docker.has(peer.parse().unwrap()), inside, "{peer}");
        }
    }
}
