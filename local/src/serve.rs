//! Serves the parts of a system on their ports, until they are told to stop.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{containers::Bridge, peer::Peer, ports, ui::Ui};

/// Serves the API until `stop` turns true.
pub(crate) fn serve_front(
    listener: TcpListener,
    router: Router,
    stop: &watch::Sender<bool>,
) -> JoinHandle<()> {
    let stopped = stopped(stop);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        // Accepting goes on after any error, so serving ends only when it is told to.
        let _ = axum::serve(listener, service)
            .with_graceful_shutdown(stopped)
            .await;
    })
}

/// Serves engines until `stop` turns true, to containers too.
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
                    "containers do not reach {}: {error}",
                    listener.url()
                )),
            }
        }
        engines.push(serve_engine(listener.socket, router, stop));
    }
    engines
}

/// Serves an engine until `stop` turns true.
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
        // A system that is dropped stops, too.
        let _ = stopped.wait_for(|stop| *stop).await;
    }
}
