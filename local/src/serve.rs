//! Serves the API and the engines on their ports until the system stops.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{containers::Bridge, peer::Peer, ports, ui::Ui};

/// Serves the API until `stop` becomes true.
pub(crate) fn serve_front(
    listener: TcpListener,
    router: Router,
    stop: &watch::Sender<bool>,
) -> JoinHandle<()> {
    let stopped = stopped(stop);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        // Serving ends only on shutdown: errors while accepting are retried.
        let _ = axum::serve(listener, service)
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
    L: Listener<Addr = SocketAddr>,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let stopped = stopped(stop);
    let service = router.into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move {
        let _ = axum::serve(listener, service)
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
