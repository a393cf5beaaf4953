//! Connections: how many, how slow they may be, and how they end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use crate::limits::Limits;
use crate::lingering::Lingering;

/// How long to wait after a failed accept, which usually means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest time that requests under way have to end when the server stops.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(30);

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub struct RemoteAddress(pub SocketAddr);

/// Tells a reply that goes on for ever that the server stops.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Waits until the server stops.
    pub(crate) async fn stopped(&mut self) {
        // The sender is gone only when the server has ended.
        let _ = self.0.wait_for(|stops| *stops).await;
    }
}

/// Answers requests until `stop` is done; then accepts nothing more, lets what is under way end
/// within [`SHUTDOWN_MAX`], and returns.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_within(listener, router, Limits::default(), stop).await;
}

/// The same with other limits, of which those of connections count here: how long headers, what nobody reads and
/// the end may take.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let (stops, stopping) = watch::channel(false);
    let router = router.layer(Extension(Stopping(stopping)));
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes the semaphore");
            (place, listener.accept().await)
        };
        // Dropping `accept` half-way loses nothing: a connection not yet accepted stays queued.
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!("Cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = open.watch(connection(stream, address, router.clone(), limits));
        // Owned by `open`, which waits for it below.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!("A connection ended: {error}");
            }
            drop(place);
        });
    }
    drop(listener);
    stops.send_replace(true);
    if tokio::time::timeout(limits.shutdown_time, open.shutdown()).await.is_err() {
        warn!("Some requests did not end within {} s", limits.shutdown_time.as_secs());
    }
}

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    limits: Limits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    if let Err(error) = stream.set_nodelay(true) {
        debug!("Cannot turn off Nagle's algorithm: {error}");
    }
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = Lingering::in_place(request, limits.linger_time).map(Body::new);
        request.extensions_mut().insert(RemoteAddress(address));
        router.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers_time)
        .serve_connection(TokioIo::new(stream), service)
}
