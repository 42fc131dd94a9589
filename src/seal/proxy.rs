//! The proxy itself: listens, knows its own program by a credential, and tells tunnels apart.

use std::io;
use std::net::{Ipv4Addr, TcpListener as Listener};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use hyper::body::Incoming;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder as Threads, Runtime};
use tokio::sync::Mutex as AsyncMutex;

use super::answer::{challenge, refuse};
use super::ask::{Denied, SealedRun};
use super::authority::Authority;
use super::body::{self, Body, Broken};
use super::connect::Connector;
use super::error::SealError;
use super::exchange::exchange;
use super::session::{self, Session};
use crate::crypto::keys::random_id;
use crate::name::Address;
use crate::secret::SecretBytes;

/// The user in the proxy's address.
const USER: &str = "authy";
/// Bytes of a tunnel read at once.
const CHUNK: usize = 64 << 10;
/// Threads at most: the program wants some, too.
const MOST_THREADS: usize = 4;
/// Descriptors for many connections at once; the program was started with its own limit.
const DESCRIPTORS: u64 = 1 << 16;
/// How long a connection may be idle between requests, and a request or a handshake unfinished.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long connections may take to end.
const END: Duration = Duration::from_millis(200);

/// What all connections share.
pub(super) struct Shared {
    pub(super) run: Arc<SealedRun>,
    pub(super) authority: Authority,
    pub(super) connector: Connector,
    /// What `Proxy-Authorization` has to say.
    credential: SecretBytes,
}

/// A proxy that serves until it is dropped.
pub(super) struct Server {
    runtime: Option<Runtime>,
    address: String,
}

impl Server {
    /// Starts to listen on a port of 127.0.0.1 that is free.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub(super) fn start(
        run: Arc<SealedRun>,
        authority: Authority,
        connector: Connector,
    ) -> Result<Self, SealError> {
        let password = random_id::<16>();
        let text = SecretBytes::from(format!("{USER}:{password}"));
        let credential = SecretBytes::from(format!("Basic {}", BASE64.encode(text.expose())));
        let shared = Arc::new(Shared { run, authority, connector, credential });
        let start = || -> io::Result<Self> {
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            let threads = std::thread::available_parallelism()?.get().min(MOST_THREADS);
            let runtime = Threads::new_multi_thread()
                .worker_threads(threads)
                .thread_name("authy-proxy")
                .enable_all()
                .build()?;
            let listener = {
                let _inside = runtime.enter();
                TcpListener::from_std(listener)?
            };
            runtime.spawn(accept(listener, shared));
            let address = format!("http://{USER}:{password}@127.0.0.1:{port}");
            Ok(Self { runtime: Some(runtime), address })
        };
        start().map_err(SealError::System)
    }

    /// The proxy's address, credential included.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(END);
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut is_first = true;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if std::mem::take(&mut is_first) {
                    widen();
                }
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
            // Out of descriptors: some connection will end.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Takes as many descriptors as the system gives. Whoever connects was started by now.
fn widen() {
    let mut limits = getrlimit(Resource::Nofile);
    let most = limits.maximum.unwrap_or(DESCRIPTORS).min(DESCRIPTORS);
    if limits.current.is_some_and(|current| current < most) {
        limits.current = Some(most);
        let _ = setrlimit(Resource::Nofile, limits);
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let last: Arc<AsyncMutex<Option<Arc<Session>>>> = Arc::default();
    let service = service_fn(move |request| {
        let (shared, last) = (Arc::clone(&shared), Arc::clone(&last));
        async move { answer(&shared, request, &last).await.map_err(io::Error::other) }
    });
    let _ = Builder::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn answer(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    last: &AsyncMutex<Option<Arc<Session>>>,
) -> Result<Response<Body>, Broken> {
    match request.headers().get(PROXY_AUTHORIZATION) {
        None => return Ok(challenge()),
        Some(given) => {
            if SecretBytes::new(given.as_bytes().to_vec()) != shared.credential {
                deny(shared, "a wrong credential for the proxy").await;
                return Ok(challenge());
            }
        }
    }
    if request.method() == Method::CONNECT {
        return Ok(tunnel(shared, request).await);
    }
    let uri = request.uri();
    let (scheme, authority) = (uri.scheme_str(), uri.authority());
    let address = authority.and_then(|authority| Address::parse(authority.as_str(), 80));
    let (Some("http"), Some(address)) = (scheme, address) else {
        let why = "a request that names no host of HTTP";
        deny(shared, why).await;
        return Ok(refuse(StatusCode::BAD_REQUEST, &format!("refused: {why}")));
    };
    let session = {
        let mut last = last.lock().await;
        match &*last {
            Some(session) if session.address == address => Arc::clone(session),
            _ => {
                let session = Session::new(Arc::clone(shared), address, true);
                *last = Some(Arc::clone(&session));
                session
            }
        }
    };
    exchange(&session, request).await
}

async fn deny(shared: &Shared, why: &str) {
    shared.run.denied(Denied { name: None, address: None, why: why.to_owned() }).await;
}

/// Opens a tunnel: one that ends here where a rule names the host, else one to the host itself.
async fn tunnel(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let authority = request.uri().authority();
    let Some(address) = authority.and_then(|text| Address::parse(text.as_str(), 443)) else {
        let why = "a tunnel to what is no host and port";
        deny(shared, why).await;
        return refuse(StatusCode::BAD_REQUEST, &format!("refused: {why}"));
    };
    if shared.run.sealing().binds(&address) {
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            if let Ok(program) = hyper::upgrade::on(request).await {
                session::serve(Box::new(TokioIo::new(program)), address, shared).await;
            }
        });
        return Response::new(body::empty());
    }
    match shared.connector.tunnel(&address).await {
        Err(error) => refuse(StatusCode::BAD_GATEWAY, &format!("cannot reach {address}: {error}")),
        Ok(mut server) => {
            tokio::spawn(async move {
                if let Ok(program) = hyper::upgrade::on(request).await {
                    let mut program = TokioIo::new(program);
                    let _ = copy_bidirectional_with_sizes(&mut program, &mut server, CHUNK, CHUNK)
                        .await;
                }
            });
            Response::new(body::empty())
        }
    }
}
