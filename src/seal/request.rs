//! The shape of a request: what two readers could read in two ways is refused.

use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    IF_RANGE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{Method, Version};

use crate::name::Address;

/// Asks for compressed messages, which then are none of HTTP's (RFC 7692).
const WEBSOCKET_EXTENSIONS: &str = "sec-websocket-extensions";
/// Where else the same may be had, past this proxy (RFC 7838).
const ALT_SVC: &str = "alt-svc";

/// Checks a request to `address`.
///
/// # Errors
/// What is wrong with it, in a word or two.
pub(super) fn check(parts: &Parts, address: &Address, is_plain: bool) -> Result<(), &'static str> {
    let headers = &parts.headers;
    let default_port = if is_plain { 80 } else { 443 };
    let is_ours = |text: &str| Address::parse(text, default_port).as_ref() == Some(address);
    if parts.method == Method::CONNECT {
        return Err("a tunnel in a tunnel");
    }
    let scheme = if is_plain { "http" } else { "https" };
    if parts.uri.scheme_str().is_some_and(|given| given != scheme) {
        return Err("another scheme than the connection's");
    }
    if parts.uri.authority().is_some_and(|authority| !is_ours(authority.as_str())) {
        return Err("an address of another host than the connection's");
    }
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if parts.version == Version::HTTP_10 => {}
        (Some(host), None) if host.to_str().is_ok_and(is_ours) => {}
        (Some(_), None) => return Err("a Host header of another host than the connection's"),
        _ => return Err("no Host header, or several"),
    }
    let lengths = headers.get_all(CONTENT_LENGTH).iter().count();
    let codings = headers.get_all(TRANSFER_ENCODING).iter().count();
    if lengths + codings > 1 {
        return Err("more than one length");
    }
    if headers
        .get(TRANSFER_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err("a transfer coding that is not 'chunked'");
    }
    Ok(())
}

/// Whether the program asks for a WebSocket (RFC 6455, 4.1).
pub(super) fn is_websocket(parts: &Parts) -> bool {
    let is = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    parts.method == Method::GET && parts.headers.get(UPGRADE).is_some_and(is)
}

/// Takes away what concerns the program's own connection, and sets what concerns ours.
pub(super) fn pass_on(parts: &mut Parts, address: &Address, is_bound: bool, carries_value: bool) {
    let is_websocket = is_websocket(parts);
    remove_hops(&mut parts.headers);
    for name in [EXPECT, PROXY_AUTHORIZATION] {
        parts.headers.remove(name);
    }
    if is_websocket {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    if !parts.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::try_from(address.to_string())
    {
        parts.headers.insert(HOST, host);
    }
    parts.version = Version::HTTP_11;
    if !is_bound {
        return;
    }
    parts.headers.remove(WEBSOCKET_EXTENSIONS);
    if carries_value {
        // A part of an answer could have a part of a value.
        parts.headers.remove(RANGE);
        parts.headers.remove(IF_RANGE);
    }
    // What is looked into has to be read.
    let takes_gzip = parts
        .headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("gzip")));
    // No part of what is compressed can be read.
    let is_part = parts.headers.contains_key(RANGE);
    let coding = if takes_gzip && !is_part { "gzip" } else { "identity" };
    parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
}

/// Takes away the headers of one connection (RFC 9110, 7.6.1).
pub(super) fn remove_hops(headers: &mut HeaderMap) {
    let mut named: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let words = value.to_str().unwrap_or_default().split(',');
        named.extend(words.filter_map(|word| HeaderName::try_from(word.trim()).ok()));
    }
    // Not what says how the message is to be read, or for whom it is.
    named.retain(|name| *name != CONTENT_LENGTH && *name != HOST);
    let own = ["keep-alive", "proxy-connection", ALT_SVC].map(HeaderName::from_static);
    let known = [CONNECTION, PROXY_AUTHENTICATE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    for name in named.into_iter().chain(own).chain(known) {
        headers.remove(name);
    }
}
