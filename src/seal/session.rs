//! One program's connection to one host: TLS ended towards the program, begun towards the server.

use std::io;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder as ToServer, SendRequest};
use hyper::server::conn::http1::Builder as ToProgram;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::server::Acceptor;
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use super::ask::Denied;
use super::body::{Body, Broken};
use super::careful::Flow;
use super::connect::Wire;
use super::exchange::exchange;
use super::proxy::{PATIENCE, Shared};
use super::upstream::UserProxy;
use crate::name::{Address, Host};

/// How the first byte of TLS is known (RFC 8446, 5.1: `handshake`).
const HANDSHAKE: u8 = 0x16;

/// What the requests of one connection to one host share.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) address: Address,
    /// Whether neither side speaks TLS.
    pub(super) is_plain: bool,
    /// Whether the program's side of the connection keeps up.
    pub(super) flow: Flow,
    server: AsyncMutex<Option<Link>>,
}

/// A connection to the server, one request at a time.
struct Link {
    sender: SendRequest<Body>,
    proxy: Option<UserProxy>,
}

/// Why a request got no answer.
pub(super) enum Unanswered {
    /// The server could not be reached.
    Unreachable(String),
    /// The server closed the connection: whoever asked may ask again.
    Closed(Broken),
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, address: Address, is_plain: bool) -> Arc<Self> {
        let (flow, server) = (Flow::default(), AsyncMutex::default());
        Arc::new(Self { shared, address, is_plain, flow, server })
    }

    /// Has a refusal recorded that concerns no secret.
    pub(super) async fn deny(&self, why: &str) {
        deny(&self.shared, &self.address, why).await;
    }

    /// Whether answers are looked into: those of a host that a rule names, once this run has put a
    /// value into a request to it.
    pub(super) async fn is_looked_into(&self, is_bound: bool) -> bool {
        is_bound && self.shared.run.has_left(&self.address).await
    }

    /// Whether the token that started this run has ended: what it gave at the start it gives
    /// no longer.
    pub(super) fn is_over(&self) -> bool {
        let until = self.shared.run.sealing().until;
        until.is_some_and(|until| OffsetDateTime::now_utc().unix_timestamp() >= until)
    }

    /// Sends a request, over the connection of the one before if that still stands.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let mut server = self.server.lock().await;
        let mut before = server.take();
        if let Some(link) = &mut before
            && link.sender.ready().await.is_err()
        {
            before = None;
        }
        let mut link = match before {
            Some(link) => link,
            None => self.connect().await?,
        };
        if let Some(proxy) = &link.proxy {
            proxied(&mut request, &self.address, proxy);
        }
        let answer = link.sender.send_request(request).await;
        let answer = answer.map_err(|error| Unanswered::Closed(error.into()))?;
        *server = Some(link);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Link, Unanswered> {
        let connector = &self.shared.connector;
        let reach = async {
            match self.is_plain {
                true => connector.plain(&self.address).await.map(|plain| (plain.wire, plain.proxy)),
                false => connector.tls(&self.address).await.map(|wire| (wire, None)),
            }
        };
        let unreachable =
            |error: &dyn std::fmt::Display| Unanswered::Unreachable(error.to_string());
        let (wire, proxy) = reach.await.map_err(|error| unreachable(&error))?;
        let made = ToServer::new().preserve_header_case(true).handshake(TokioIo::new(wire)).await;
        let (sender, connection) = made.map_err(|error| unreachable(&error))?;
        tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Ok(Link { sender, proxy })
    }
}

/// A request as the user's own proxy wants it.
fn proxied(request: &mut Request<Body>, address: &Address, proxy: &UserProxy) {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let place = format!("http://{}:{}{path}", address.host, address.port);
    if let Ok(uri) = place.parse() {
        *request.uri_mut() = uri;
    }
    let credential = proxy.credential.as_ref();
    if let Some(Ok(mut value)) =
        credential.map(|text| hyper::header::HeaderValue::from_bytes(text.expose()))
    {
        value.set_sensitive(true);
        request.headers_mut().insert(hyper::header::PROXY_AUTHORIZATION, value);
    }
}

/// Has a refusal recorded that concerns no secret.
pub(super) async fn deny(shared: &Shared, address: &Address, why: &str) {
    let denied = Denied { name: None, address: Some(address.clone()), why: why.to_owned() };
    shared.run.denied(denied).await;
}

/// Serves what a program sends into its tunnel to a host that a rule names.
pub(super) async fn serve(wire: Box<dyn Wire>, address: Address, shared: Arc<Shared>) {
    let mut wire = BufReader::new(wire);
    let is_tls = match timeout(PATIENCE, wire.fill_buf()).await {
        Ok(Ok(bytes)) if !bytes.is_empty() => bytes[0] == HANDSHAKE,
        _ => return,
    };
    if !is_tls {
        return requests(wire, Session::new(shared, address, true)).await;
    }
    let start = LazyConfigAcceptor::new(Acceptor::default(), wire);
    let Ok(Ok(start)) = timeout(PATIENCE, start).await else { return };
    let named = start.client_hello().server_name().map(str::to_owned);
    if let Some(name) = named
        && Host::parse(&name).as_ref() != Some(&address.host)
    {
        return deny(&shared, &address, "a server name of another host than the tunnel's").await;
    }
    let Ok(config) = shared.authority.server(&address.host) else { return };
    // A program that does not trust us, or speaks HTTP/2 alone, ends here.
    if let Ok(Ok(tls)) = timeout(PATIENCE, start.into_stream(config)).await {
        requests(tls, Session::new(shared, address, false)).await;
    }
}

async fn requests(wire: impl Wire + 'static, session: Arc<Session>) {
    let for_requests = Arc::clone(&session);
    let service = service_fn(move |request| {
        let session = Arc::clone(&for_requests);
        async move { exchange(&session, request).await.map_err(io::Error::other) }
    });
    let connection = ToProgram::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(session.flow.watch(wire)), service)
        .with_upgrades();
    if connection.await.is_err_and(|error| error.is_parse()) {
        session.deny("a request that is not HTTP").await;
    }
}
