//! What the server answers: texts whole and in pieces, events, downloads, messages, repositories.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sha1::{Digest as _, Sha1};

pub(super) fn answer(
    out: &mut impl Write,
    status: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let length = body.len();
    write!(out, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n")?;
    out.write_all(body)?;
    out.flush()
}

pub(super) fn chunks(
    out: &mut impl Write,
    body: &[u8],
    size: usize,
    trailers: &str,
) -> std::io::Result<()> {
    let told = if trailers.is_empty() { "" } else { "Trailer: X-Late\r\n" };
    write!(out, "HTTP/1.1 200 OK\r\n{told}Transfer-Encoding: chunked\r\n\r\n")?;
    for chunk in body.chunks(size) {
        write!(out, "{:x}\r\n", chunk.len())?;
        out.write_all(chunk)?;
        out.write_all(b"\r\n")?;
        out.flush()?;
    }
    write!(out, "0\r\n{trailers}\r\n")?;
    out.flush()
}

/// Server-sent events, the second of which comes when the first was long seen.
pub(super) fn events(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    )?;
    for text in ["data: one\n\n", "data: two\n\n"] {
        write!(out, "{:x}\r\n{text}\r\n", text.len())?;
        out.flush()?;
        thread::sleep(Duration::from_millis(300));
    }
    out.write_all(b"0\r\n\r\n")?;
    out.flush()
}

/// A text in two halves, the second of which comes when the first was long there.
pub(super) fn halves(out: &mut impl Write, text: &str) -> std::io::Result<()> {
    out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let (first, second) = text.split_at(text.len() / 2);
    for half in [first, second] {
        write!(out, "{:x}\r\n{half}\r\n", half.len())?;
        out.flush()?;
        thread::sleep(Duration::from_millis(300));
    }
    out.write_all(b"0\r\n\r\n")?;
    out.flush()
}

pub(super) fn bytes(out: &mut impl Write, mut left: u64) -> std::io::Result<()> {
    write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n")?;
    let chunk = vec![b'x'; 1 << 16];
    while left > 0 {
        let size = left.min(chunk.len() as u64);
        out.write_all(&chunk[..usize::try_from(size).unwrap()])?;
        left -= size;
    }
    out.flush()
}

/// How many bytes were sent, without keeping them.
pub(super) fn count(reader: &mut impl BufRead, headers: &BTreeMap<String, String>) -> Option<u64> {
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    if let Some(length) = length {
        return std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok();
    }
    let mut whole = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = u64::from_str_radix(line.trim(), 16).ok()?;
        std::io::copy(&mut reader.take(size + 2), &mut std::io::sink()).ok()?;
        whole += size;
        if size == 0 {
            return Some(whole);
        }
    }
}

/// Sends what it was authorized with, then every message back.
pub(super) fn websocket(
    mut stream: BufReader<impl Read + Write>,
    headers: &BTreeMap<String, String>,
    authorization: &str,
) {
    // The answer to the key, and the value that makes it (RFC 6455, 1.3).
    let key = headers.get("sec-websocket-key").map_or("", String::as_str);
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = data_encoding::BASE64.encode(&digest);
    let extensions = headers.get("sec-websocket-extensions").map(|_| "X-Extended: yes\r\n");
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{}\r\n",
        extensions.unwrap_or_default()
    );
    let out = stream.get_mut();
    let mut frame = vec![0x81, u8::try_from(authorization.len()).unwrap_or(125)];
    frame.extend_from_slice(authorization.as_bytes());
    if out.write_all(head.as_bytes()).and_then(|()| out.write_all(&frame)).is_err() {
        return;
    }
    let _ = out.flush();
    let mut start = [0; 2];
    while stream.read_exact(&mut start).is_ok() {
        let mut rest = vec![0; 4 + usize::from(start[1] & 0x7f)];
        if stream.read_exact(&mut rest).is_err() {
            return;
        }
        let (mask, payload) = rest.split_at(4);
        let plain: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
        let back = [&[start[0], start[1] & 0x7f], &plain[..]].concat();
        if stream.get_mut().write_all(&back).and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
        // Once both have said that they close, it is the server that does (RFC 6455, 7.1.1).
        if start[0] & 0x0f == 8 {
            return;
        }
    }
}

/// A repository over HTTP; it wants the user `x-access-token`.
pub(super) fn git(
    out: &mut impl Write,
    head: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    body: &[u8],
    root: Option<&std::path::Path>,
) -> std::io::Result<()> {
    let Some(authorization) = headers.get("authorization") else {
        return answer(out, "401 No", "WWW-Authenticate: Basic realm=\"git\"\r\n", b"");
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root.unwrap())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path.trim_start_matches("/git"))
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", head.split(' ').next().unwrap())
        .env("REMOTE_USER", authorization.len().to_string())
        .env("CONTENT_TYPE", headers.get("content-type").cloned().unwrap_or_default())
        .env("HTTP_CONTENT_ENCODING", headers.get("content-encoding").cloned().unwrap_or_default())
        .env("GIT_PROTOCOL", headers.get("git-protocol").cloned().unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().unwrap();
    let body = body.to_vec();
    thread::spawn(move || input.write_all(&body));
    let said = child.wait_with_output()?.stdout;
    let end = said.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(0);
    let (cgi, content) = said.split_at(end);
    let cgi = String::from_utf8_lossy(cgi).into_owned() + "\r\n";
    let status = cgi.lines().find_map(|line| line.strip_prefix("Status: "));
    answer(out, status.unwrap_or("200 OK"), &cgi, content.get(4..).unwrap_or_default())
}
