//! Answers: those of the proxy itself, and those of servers without the values in them.

use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::response::Parts;
use hyper::{Method, Response, StatusCode, Version};

use super::body::{self, Body, Broken};
use super::careful::Flow;
use super::coding::Coding;
use super::even::Even;
use super::look::Look;
use super::request::remove_hops;

/// Bodies up to so many bytes are looked into before they are passed on, and keep their length.
const SHORT: u64 = 64 << 10;
/// Where a value has few possibilities, all of an answer has to be seen: up to so many bytes.
const WHOLE: usize = 1 << 20;

/// An answer of the proxy's own, in one sentence.
pub(super) fn refuse(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = Response::new(body::whole(format!("authy: {sentence}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

fn refuse_value() -> Response<Body> {
    refuse(StatusCode::BAD_GATEWAY, "the answer has the value of a sealed secret in it")
}

/// Asks for the credential in the proxy's address.
pub(super) fn challenge() -> Response<Body> {
    let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    let mut response = refuse(status, "this proxy belongs to one sealed run");
    let basic = HeaderValue::from_static("Basic realm=\"authy\"");
    response.headers_mut().insert(PROXY_AUTHENTICATE, basic);
    response
}

/// Passes an answer on as it is, save for what concerns one connection.
pub(super) fn untouched(response: Response<Incoming>, flow: &Flow) -> Response<Body> {
    let (mut parts, incoming) = response.into_parts();
    keep_end(&mut parts, &incoming);
    keep_upgrade(&mut parts);
    Response::from_parts(parts, body::careful(incoming, flow))
}

/// Passes an answer on with placeholders in the place of values.
///
/// # Errors
/// The connection broke.
pub(super) async fn scrubbed(
    response: Response<Incoming>,
    method: &Method,
    flow: &Flow,
    look: Look,
) -> Result<Response<Body>, Broken> {
    let (mut parts, incoming) = response.into_parts();
    if is_coded(&parts) {
        let sentence = "the answer comes in a transfer coding that is not looked into";
        return Ok(refuse(StatusCode::BAD_GATEWAY, sentence));
    }
    keep_end(&mut parts, &incoming);
    keep_upgrade(&mut parts);
    scrub_head(&mut parts, &look);
    if !look.may_pass().await {
        return Ok(refuse_value());
    }
    let has_body = *method != Method::HEAD
        && !parts.status.is_informational()
        && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !has_body {
        return Ok(Response::from_parts(parts, body::empty()));
    }
    let Some(coding) = Coding::of(&parts.headers) else {
        let sentence = "the answer is compressed in a way that cannot be looked into";
        return Ok(refuse(StatusCode::BAD_GATEWAY, sentence));
    };
    let size = incoming.size_hint().exact();
    if look.run.values().has_guessable() {
        let is_endless = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream")
        });
        if is_endless || size.is_some_and(|size| size > WHOLE as u64) {
            return Ok(too_long());
        }
        return whole(parts, incoming, coding, flow, look).await;
    }
    if size.is_some_and(|size| size <= SHORT) {
        return whole(parts, incoming, coding, flow, look).await;
    }
    parts.headers.remove(CONTENT_LENGTH);
    let found = look.found.clone();
    let scrubber = look.run.values().scrubber();
    let stream = scrubber.shared_stream(move |name| found.add(name));
    let filter = Even::new(scrubber, stream);
    let body = body::filtered(incoming, filter, coding, look);
    Ok(Response::from_parts(parts, body::careful(body, flow)))
}

fn too_long() -> Response<Body> {
    let sentence = "the answer is too long to be looked into for a value of few possibilities";
    refuse(StatusCode::BAD_GATEWAY, sentence)
}

/// Looks into all of a body before any of it is passed on.
async fn whole(
    mut parts: Parts,
    incoming: Incoming,
    mut coding: Coding,
    flow: &Flow,
    look: Look,
) -> Result<Response<Body>, Broken> {
    let Some((bytes, failure)) = body::read_up_to(incoming, WHOLE).await else {
        return Ok(too_long());
    };
    let scrubber = look.run.values().scrubber();
    let mut decoded = Vec::new();
    for piece in bytes.chunks(coding.piece()) {
        decoded.extend_from_slice(&coding.decode(piece)?);
        if decoded.len() > WHOLE && look.run.values().has_guessable() {
            return Ok(too_long());
        }
    }
    if failure.is_none() {
        decoded.extend(coding.decoded()?);
    }
    let clean = scrubber.mask_reporting(&decoded, |name| look.found.add(name));
    // What a compressed body says about itself (RFC 1952, 2.3) is no part of what it holds.
    let is_told = scrubber.mask(&bytes) != bytes;
    if !look.may_pass().await {
        return Ok(refuse_value());
    }
    let mut whole = bytes;
    // Whatever has nothing in it stays byte for byte what it is.
    if clean != decoded || is_told {
        let mut encoded = coding.encode(clean)?;
        if failure.is_none() {
            encoded.extend(coding.encoded()?);
        }
        whole = encoded.into();
    }
    if let Some(failure) = failure {
        let cut = body::cut(whole, failure);
        return Ok(Response::from_parts(parts, body::careful(cut, flow)));
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    Ok(Response::from_parts(parts, body::whole(whole)))
}

/// Whether the body comes in another transfer coding than chunks (RFC 9112, 6.1).
fn is_coded(parts: &Parts) -> bool {
    let codings: Vec<_> = parts.headers.get_all(TRANSFER_ENCODING).iter().collect();
    codings.len() > 1
        || codings.iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// A body that ends with its connection ends so for the program too: whether it was cut then is
/// for its client to judge, as it would without us (RFC 9112, 9.8).
fn keep_end(parts: &mut Parts, incoming: &Incoming) {
    let is_told =
        parts.headers.contains_key(TRANSFER_ENCODING) || incoming.size_hint().exact().is_some();
    if !is_told {
        parts.version = Version::HTTP_10;
    }
}

fn scrub_head(parts: &mut Parts, look: &Look) {
    parts.extensions.remove::<ReasonPhrase>();
    let scrubber = look.run.values().scrubber();
    let scrub = |text: &[u8]| scrubber.mask_reporting(text, |name| look.found.add(name));
    for value in parts.headers.values_mut() {
        let clean = scrub(value.as_bytes());
        if clean != value.as_bytes() {
            *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""));
        }
    }
    let is_named = |name: &HeaderName| {
        let text = name.as_str().as_bytes();
        scrub(text) != text
    };
    let named: Vec<_> = parts.headers.keys().filter(|name| is_named(name)).cloned().collect();
    named.iter().for_each(|name| _ = parts.headers.remove(name));
}

fn keep_upgrade(parts: &mut Parts) {
    remove_hops(&mut parts.headers);
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
}
