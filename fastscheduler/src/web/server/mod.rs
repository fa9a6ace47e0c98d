//! A server for programs that have none of their own.

mod connections;
mod limits;
mod watched;

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;
use std::{io, thread};

use axum::http::HeaderMap;
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::timeout::RequestBodyTimeoutLayer;

use self::limits::{Limits, open_files};
use super::own_server::OwnServer;
use super::{bodies, error, headers, host, outside, routes};
use crate::scheduler::{Scheduler, SchedulerBuilder, SchedulerError, Service, Started};

/// Where everything is.
const PREFIX: &str = "/scheduler";

/// The page there.
const PAGE: &str = "/scheduler/";

/// How long a body may stand still.
const BODY: Duration = Duration::from_secs(30);

/// How long requests that are under way may go on after the stop began.
const GRACE: Duration = Duration::from_secs(1);

impl SchedulerBuilder {
    /// Serves the [`web`](crate::web) interface under `/scheduler` at this
    /// address, from the start to the stop; feature `web`.
    ///
    /// The address is one of this machine, such as `127.0.0.1:8000`; port 0
    /// takes any that is free, see [`Scheduler::http_address`]. One that other
    /// machines reach needs a [`token`](Self::token). One that cannot
    /// be listened at is an error of the start. Programs with a server of their
    /// own nest [`web::router`](crate::web::router) there instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let builder = Scheduler::builder().storage(MemoryStorage::default());
    /// let scheduler = builder.http("127.0.0.1:0").build().await?;
    /// scheduler.start().await?;
    /// let address = scheduler.http_address().unwrap();
    /// println!("http://{address}/scheduler/");
    /// scheduler.stop().await?;
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub fn http(self, address: impl Into<String>) -> Self {
        self.beside(Server { address: address.into() })
    }
}

/// A server that has an address, and is started with the scheduler.
#[derive(Debug)]
struct Server {
    address: String,
}

impl Server {
    /// Looks the address up on a thread of its own. The runtime would do that on one of
    /// its threads, and panic if the system refused it.
    async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.address.parse() {
            return Ok(vec![address]);
        }
        let (sender, found) = oneshot::channel();
        let address = self.address.clone();
        thread::Builder::new().name("fastscheduler-lookup".to_owned()).spawn(move || {
            // Nobody waits for it any more if the start was given up.
            let _ = sender.send(address.to_socket_addrs().map(Iterator::collect));
        })?;
        found.await.unwrap_or_else(|_| Err(io::Error::other("the look-up was cut off")))
    }

    async fn listen(&self, is_open: bool) -> Result<(TcpListener, SocketAddr), SchedulerError> {
        let failed = |source| SchedulerError::Listen { address: self.address.clone(), source };
        let addresses = self.look_up().await.map_err(failed)?;
        if is_open && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(SchedulerError::Setting {
                name: "http".to_owned(),
                value: self.address.clone(),
                expected:
                    "use an address that only this machine reaches, such as `127.0.0.1:8000`, or set a \
                           token (`.token(..)`, `FASTSCHEDULER_TOKEN`) for those who may use another"
                        .to_owned(),
            });
        }
        let listener = connections::listen(&addresses).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        tracing::info!("serving http://{bound}{PAGE}");
        Ok((listener, bound))
    }
}

impl Service for Server {
    fn start<'a>(&'a self, scheduler: &'a Scheduler) -> BoxFuture<'a, Result<Started, SchedulerError>> {
        async move {
            let (listener, address) = self.listen(scheduler.access().is_open()).await?;
            let limits = Limits::of(scheduler.web_limits(), open_files());
            let application = application(scheduler, limits, OwnServer { port: address.port() });
            let (stopping, late) = (scheduler.clone(), scheduler.clone());
            let stopping = async move { stopping.stopping().await }.boxed();
            let served = connections::serve(listener, application, limits.connections, stopping);
            let serving = async move {
                let too_late = async {
                    late.stopping().await;
                    late.sleep(GRACE).await;
                };
                tokio::select! {
                    () = served => {}
                    () = too_late => tracing::warn!("leaving requests behind that did not end in time"),
                }
            };
            Ok(Started { address, serving: serving.boxed() })
        }
        .boxed()
    }

    fn page(&self) -> &'static str {
        PAGE
    }
}

fn application(scheduler: &Scheduler, limits: Limits, server: OwnServer) -> Router {
    let routes = routes(scheduler, limits.streams);
    Router::new()
        .route("/", get(to_page))
        .nest_service(PREFIX, routes.layer(Extension(server)))
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(RequestBodyTimeoutLayer::new(BODY))
        .layer(from_fn(bodies::read_to_the_end))
        .layer(from_fn(host::refuse_two))
        .layer(from_fn(headers::add))
}

async fn to_page(headers: HeaderMap) -> Redirect {
    Redirect::temporary(&outside::from_root(PREFIX.trim_start_matches('/'), &headers))
}
