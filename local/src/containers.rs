//! Makes the engines reachable from containers.
//!
//! `sam local` runs functions in containers, which have their own loopback interface. Docker Desktop forwards
//! `host.docker.internal` to the host's loopback interface. On Linux the name is the address of Docker's bridge, so the
//! engines listen on the bridge too (docs/adr/0013-engines-for-containers.md).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::serve::Listener;
use if_addrs::{IfAddr, Ifv4Addr};
use tokio::net::{TcpListener, TcpStream};

/// The interface name of Docker's default network.
const BRIDGE: &str = "docker0";

/// A container network on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bridge {
    /// This machine's address in the network.
    pub(crate) address: Ipv4Addr,
    netmask: Ipv4Addr,
}

/// A listener that accepts only connections from a container network and this machine. On Linux every network can reach
/// every address of a machine, so binding to an address does not restrict clients.
#[derive(Debug)]
pub(crate) struct BridgeListener {
    bridge: Bridge,
    socket: TcpListener,
}

impl Bridge {
    /// Finds Docker's default network, if there is one.
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

    /// Listens on `port` of the bridge's address.
    pub(crate) async fn listen(self, port: u16) -> io::Result<BridgeListener> {
        let socket = TcpListener::bind((self.address, port)).await?;
        Ok(BridgeListener {
            bridge: self,
            socket,
        })
    }

    fn contains(self, peer: IpAddr) -> bool {
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
            // axum's implementation waits and retries after an error.
            let (stream, peer) = Listener::accept(&mut self.socket).await;
            if self.bridge.contains(peer.ip()) {
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

    /// The loopback network is 127.0.0.0/8. This bridge covers 127.0.0.0/16, so 127.1.0.1 is outside it.
    const BRIDGE: Bridge = Bridge {
        address: Ipv4Addr::LOCALHOST,
        netmask: Ipv4Addr::new(255, 255, 0, 0),
    };

    async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    // On other systems the loopback interface has only one address.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_clients_in_the_bridge_network_are_accepted() {
        let mut listener = BRIDGE.listen(0).await.unwrap();
        let address = listener.address().unwrap();
        let mut outsider = connect([127, 1, 0, 1], address).await;
        let container = connect([127, 0, 0, 2], address).await;
        let (_stream, peer) = Listener::accept(&mut listener).await;
        assert_eq!(peer, container.local_addr().unwrap());
        let read = outsider.read(&mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }

    #[test]
    fn the_netmask_defines_the_network() {
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
            assert_eq!(docker.contains(peer.parse().unwrap()), inside, "{peer}");
        }
    }
}
