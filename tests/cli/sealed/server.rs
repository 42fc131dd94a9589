//! The world outside: a server of many names over TLS, and a proxy that leads every name to it.
//!
//! It answers what it was sent (`/echo`), so that a value that arrives could come back in every
//! way that a server has, and remembers every request with the name that it was reached by.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::answers::{answer, bytes, chunks, count, events, git, halves, websocket};

/// The names that it has certificates for.
const NAMES: [&str; 7] = [
    "api.test",
    "*.wild.test",
    "evil.test",
    "api.test.evil.test",
    "a.b.wild.test",
    "localhost",
    "127.0.0.1",
];

/// What the index of a registry of cargo says that wants a token.
const CARGO_CONFIG: &str =
    r#"{"dl":"https://api.test/dl","api":"https://api.test","auth-required":true}"#;

/// What it says of a crate that was published.
const CARGO_ENTRY: &str = r#"{"name":"one","vers":"0.1.0","deps":[],"cksum":"0000000000000000000000000000000000000000000000000000000000000000","features":{},"yanked":false}"#;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The name that was asked for in TLS; `plain` without TLS, empty without a name.
    pub(super) host: String,
    /// The request line and the headers.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// Server and proxy; they live as long as the process of the tests.
pub(super) struct World {
    /// The port of the server with TLS.
    pub(super) port: u16,
    /// The port of the one without.
    pub(super) plain_port: u16,
    /// The port of the proxy.
    pub(super) proxy_port: u16,
    /// The roots that know the server.
    pub(super) roots: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Hosts that the proxy was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Where repositories lie.
    git: Option<PathBuf>,
}

impl World {
    pub(super) fn new(git: Option<PathBuf>) -> Self {
        let (config, roots) = certificates();
        let (seen, asked) = (Arc::default(), Arc::default());
        let shared = Shared { seen: Arc::clone(&seen), git };
        let for_plain = shared.clone();
        let port = listen(move |stream| {
            let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
            let mut tls = StreamOwned::new(connection, stream);
            // The name is known once the handshake is over.
            while tls.conn.is_handshaking() {
                if tls.conn.complete_io(&mut tls.sock).is_err() {
                    return;
                }
            }
            let host = tls.conn.server_name().unwrap_or_default().to_owned();
            serve(BufReader::new(tls), &host, &shared);
        });
        let plain_port = listen(move |stream| serve(BufReader::new(stream), "plain", &for_plain));
        let for_proxy = Arc::clone(&asked);
        let proxy_port = listen(move |stream| lead(stream, port, &for_proxy));
        Self { port, plain_port, proxy_port, roots, seen, asked }
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The hosts that the proxy led to so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn certificates() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "roots of the tests");
    let key = KeyPair::generate().unwrap();
    let roots = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let names: Vec<String> = NAMES.map(str::to_owned).into();
    let mut own = CertificateParams::new(names).unwrap();
    own.distinguished_name.push(DnType::CommonName, "server of the tests");
    own.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let certificate = own.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (Arc::new(config), roots)
}

fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Leads a tunnel to the server, whatever name was asked for; `unreachable.test` is refused.
fn lead(mut stream: TcpStream, port: u16, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some((head, _)) = head(&mut reader) else { return };
    let place = head.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(place.clone());
    if place.starts_with("unreachable.test") {
        let _ = stream.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut up, mut down) = (stream.try_clone().unwrap(), stream);
    let (mut to, mut from) = (server.try_clone().unwrap(), server);
    thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut from, &mut down);
    let _ = down.shutdown(std::net::Shutdown::Write);
}

/// A head and its headers, names in small letters.
fn head(reader: &mut impl BufRead) -> Option<(String, BTreeMap<String, String>)> {
    let (mut text, mut headers) = (String::new(), BTreeMap::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        text.push_str(&line);
        if line == "\r\n" || line == "\n" {
            return Some((text, headers));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
}

fn body(reader: &mut impl BufRead, headers: &BTreeMap<String, String>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                return Some(body);
            }
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    body.resize(length.unwrap_or(0), 0);
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn serve(mut stream: BufReader<impl Read + Write>, host: &str, shared: &Shared) {
    while let Some((head, headers)) = head(&mut stream) {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        // A download of any size is not remembered, and its request has no body.
        if let Some(size) = path.strip_prefix("/bytes/") {
            if bytes(stream.get_mut(), size.parse().unwrap_or(0)).is_err() {
                return;
            }
            continue;
        }
        if path.starts_with("/count") {
            let Some(count) = count(&mut stream, &headers) else { return };
            let _ = answer(stream.get_mut(), "200 OK", "", count.to_string().as_bytes());
            continue;
        }
        let Some(body) = body(&mut stream, &headers) else { return };
        let seen = Seen { host: host.to_owned(), head: head.clone(), body: body.clone() };
        shared.seen.lock().unwrap().push(seen);
        let authorization = headers.get("authorization").cloned().unwrap_or_default();
        let whole = [head.as_bytes(), &body].concat();
        let out = stream.get_mut();
        let sent = match path.split(['?', '/']).nth(1).unwrap_or_default() {
            "echo" => {
                let echo = format!("X-Echo: {authorization}\r\n");
                answer(out, "200 OK", &echo, &whole)
            }
            // Ended by the end of the connection, without TLS's own end (Python's http.server).
            "close" => {
                let size: usize = path.rsplit('/').next().unwrap().parse().unwrap();
                let _ = out.write_all(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n");
                let _ = out.write_all(&vec![b'x'; size]).and_then(|()| out.flush());
                return;
            }
            // Half of what was promised.
            "half" => {
                let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789");
                let _ = out.flush();
                return;
            }
            "coded" => {
                let _ = out.write_all(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                );
                out.flush()
            }
            // The value in what gzip says about the file.
            "named" => {
                let builder = flate2::GzBuilder::new().filename(authorization.clone());
                let mut encoder = builder.write(Vec::new(), Compression::fast());
                encoder.write_all(b"nothing").unwrap();
                let packed = encoder.finish().unwrap();
                answer(out, "200 OK", "Content-Encoding: gzip\r\n", &packed)
            }
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&whole).unwrap();
                let packed = encoder.finish().unwrap();
                answer(out, "200 OK", "Content-Encoding: gzip\r\n", &packed)
            }
            "brotli" => answer(out, "200 OK", "Content-Encoding: br\r\n", &whole),
            "chunks" => chunks(out, &whole, 7, ""),
            "trailers" => {
                // Long ones are passed on while they come.
                let long = [whole, vec![b'x'; 200_000]].concat();
                chunks(out, &long, 50_000, &format!("X-Late: {authorization}\r\n"))
            }
            "forms" => {
                let hex: String = authorization.bytes().map(|b| format!("{b:02x}")).collect();
                answer(out, "200 OK", "", format!("{hex} {authorization}").as_bytes())
            }
            "reason" => answer(out, &format!("200 {authorization}"), "", b"ok"),
            "redirect" => {
                let to = path.split_once("to=").map(|(_, to)| to).unwrap_or_default();
                answer(out, "302 Found", &format!("Location: {to}\r\n"), b"")
            }
            "events" => events(out),
            "halves" => halves(out, &format!("token={authorization};")),
            "ws" => return websocket(stream, &headers, &authorization),
            "range" => {
                let is_asked = headers.contains_key("range");
                let status = if is_asked { "206 Partial Content" } else { "200 OK" };
                let part = if is_asked { &whole[..whole.len() / 2] } else { &whole[..] };
                answer(out, status, "", part)
            }
            // A registry of cargo, which wants a token, and one of npm.
            "index" if path.ends_with("/one") => {
                let is_new = |one: &Seen| one.head.starts_with("PUT /api/v1/crates/new");
                match shared.seen.lock().unwrap().iter().any(is_new) {
                    true => answer(out, "200 OK", "", CARGO_ENTRY.as_bytes()),
                    false => answer(out, "404 Not Found", "", b""),
                }
            }
            "index" => answer(out, "200 OK", "", CARGO_CONFIG.as_bytes()),
            "api" if authorization.is_empty() => answer(out, "401 No", "", b"{}"),
            "api" => answer(out, "200 OK", "", br#"{"users":[{"id":1,"login":"ann"}]}"#),
            "npm" => answer(out, "200 OK", "", br#"{"username":"ann"}"#),
            "git" => git(out, &head, &path, &headers, &body, shared.git.as_deref()),
            _ => answer(out, "404 Not Found", "", b"not found"),
        };
        if sent.is_err() || headers.get("connection").is_some_and(|it| it == "close") {
            return;
        }
    }
}
