//! Connections to servers: direct, or through the user's own proxy.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::upstream::{UpstreamProxies, UserProxy};
use crate::name::Address;

/// How long a server may take to be reached.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer of a proxy to CONNECT, in bytes.
const MAX_ANSWER: usize = 16 << 10;

/// Bytes in both directions.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Makes connections.
pub(super) struct Connector {
    upstream: UpstreamProxies,
    tls: Option<TlsConnector>,
}

/// A connection for requests without TLS.
pub(super) struct Plain {
    pub(super) wire: Box<dyn Wire>,
    /// Set where it leads to a proxy, which wants whole addresses and perhaps a credential.
    pub(super) proxy: Option<UserProxy>,
}

impl Connector {
    pub(super) fn new(upstream: UpstreamProxies, roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()
            .map(|config| config.with_root_certificates(roots).with_no_client_auth());
        let tls = config.map(|mut config| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsConnector::from(Arc::new(config))
        });
        Self { upstream, tls }
    }

    /// Connects for whatever the program speaks itself.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) async fn tunnel(&self, address: &Address) -> io::Result<Box<dyn Wire>> {
        in_time(async {
            match self.upstream.proxy_for(address, false) {
                None => Ok(Box::new(tcp(address).await?) as Box<dyn Wire>),
                Some(proxy) => self.through(proxy, address).await,
            }
        })
        .await
    }

    /// Connects over TLS, and checks that it is the server it should be.
    ///
    /// # Errors
    /// The server cannot be reached, or nobody that is trusted vouches for it.
    pub(super) async fn tls(&self, address: &Address) -> io::Result<Box<dyn Wire>> {
        let wire = self.tunnel(address).await?;
        in_time(self.over_tls(address, wire)).await
    }

    /// Connects without TLS.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) async fn plain(&self, address: &Address) -> io::Result<Plain> {
        in_time(async {
            let proxy = self.upstream.proxy_for(address, true);
            let wire = match proxy {
                None => Box::new(tcp(address).await?) as Box<dyn Wire>,
                Some(proxy) => self.to(proxy).await?,
            };
            Ok(Plain { wire, proxy: proxy.cloned() })
        })
        .await
    }

    async fn over_tls(&self, address: &Address, wire: Box<dyn Wire>) -> io::Result<Box<dyn Wire>> {
        let name = ServerName::try_from(address.host.as_str().to_owned());
        let name = name.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let tls = self.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Box::new(tls.connect(name, wire).await?))
    }

    /// Connects to the user's proxy itself.
    async fn to(&self, proxy: &UserProxy) -> io::Result<Box<dyn Wire>> {
        let wire = Box::new(tcp(&proxy.address).await?);
        match proxy.is_tls {
            true => self.over_tls(&proxy.address, wire).await,
            false => Ok(wire),
        }
    }

    async fn through(&self, proxy: &UserProxy, address: &Address) -> io::Result<Box<dyn Wire>> {
        let wire = TokioIo::new(self.to(proxy).await?);
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_ANSWER)
            .handshake(wire)
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        let place = format!("{}:{}", address.host, address.port);
        let mut request = Request::connect(&place).header(HOST, &place);
        if let Some(credential) = &proxy.credential {
            let mut credential =
                HeaderValue::from_bytes(credential.expose()).map_err(io::Error::other)?;
            credential.set_sensitive(true);
            request = request.header(PROXY_AUTHORIZATION, credential);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        if !answer.status().is_success() {
            let status = answer.status().as_u16();
            return Err(io::Error::other(format!("the proxy {} says {status}", proxy.address)));
        }
        let tunnel = hyper::upgrade::on(answer).await.map_err(io::Error::other)?;
        Ok(Box::new(TokioIo::new(tunnel)))
    }
}

async fn tcp(address: &Address) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
