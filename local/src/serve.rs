//! Serves the API and the engines on their ports until the system stops.

use std::{io, net::SocketAddr};

use axum::{Router, serve::Listener};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{containers::Bridge, peer::Peer, ports, ui::Ui};

/// A listener whose connections send each write at once: otherwise the body of a file waits 40 ms for the acknowledgement of its
/// headers.
#[derive(Debug)]
pub(crate) struct Prompt<L>(pub(crate) L);

impl<L: Listener<Io = TcpStream>> Listener for Prompt<L> {
    type Io = TcpStream;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (TcpStream, L::Addr) {
        let (stream, address) = self.0.accept().await;
        // If it is refused, responses are only later.
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.0.local_addr()
    }
}

/// Serves the API until `stop` becomes true.
pub(crate) fn serve_front(
    listener: TcpListener,
    router: Router,
    stop: &watch::Sender<bool>,
) -> JoinHandle<()> {
    let stopped = stopped(stop);
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        // Serving ends only on shutdown: errors while accepting are retried.
        let _ = axum::serve(Prompt(listener), service)
            .with_graceful_shutdown(stopped)
            .await;
    })
}

/// Serves the engines until `stop` becomes true, on the container network too.
pub(crate) async fn serve_engines(
    routers: impl IntoIterator<Item = (ports::Listener, Router)>,
    bridge: Option<Bridge>,
    stop: &watch::Sender<bool>,
    ui: &Ui,
) -> Vec<JoinHandle<()>> {
    let mut engines = Vec::new();
    for (listener, router) in routers {
        if let Some(bridge) = bridge {
            match bridge.listen(listener.address.port()).await {
                Ok(listener) => engines.push(serve_engine(listener, router.clone(), stop)),
                Err(error) => ui.warn(&format!(
                    "containers cannot reach {}: {error}",
                    listener.url()
                )),
            }
        }
        engines.push(serve_engine(listener.socket, router, stop));
    }
    engines
}

/// Serves one engine until `stop` becomes true.
fn serve_engine<L>(listener: L, router: Router, stop: &watch::Sender<bool>) -> JoinHandle<()>
where
    L: Listener<Io = TcpStream, Addr = SocketAddr>,
{
    let stopped = stopped(stop);
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let _ = axum::serve(Prompt(listener), service)
            .with_graceful_shutdown(stopped)
            .await;
    })
}

fn stopped(stop: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + use<> {
    let mut stopped = stop.subscribe();
    async move {
        // An error means that the system was dropped, which also stops it.
        let _ = stopped.wait_for(|stop| *stop).await;
    }
}
