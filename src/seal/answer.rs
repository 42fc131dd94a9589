//! Answers: those of the proxy itself, and those of servers without the values in them.

use hyper::body::{Body as _, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, PROXY_AUTHENTICATE, TRANSFER_ENCODING,
    UPGRADE,
};
use hyper::{Method, Response, StatusCode};

use super::body::{self, Body, Broken, Open};
use super::coding::Coding;
use super::request::remove_hops;
use super::values::Values;

/// Bodies up to so many bytes are looked into before they are passed on, and keep their length.
const SHORT: u64 = 64 << 10;

/// An answer of the proxy's own, in one sentence.
pub(super) fn refuse(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = Response::new(body::whole(format!("authy: {sentence}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
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
pub(super) fn untouched(response: Response<Incoming>) -> Response<Body> {
    let (mut parts, incoming) = response.into_parts();
    keep_upgrade(&mut parts);
    Response::from_parts(parts, body::untouched(incoming))
}

/// Passes an answer on with placeholders in the place of values.
///
/// # Errors
/// The connection broke.
pub(super) async fn scrubbed(
    response: Response<Incoming>,
    (method, values): (&Method, &Values),
) -> Result<Response<Body>, Broken> {
    let (mut parts, incoming) = response.into_parts();
    keep_upgrade(&mut parts);
    parts.extensions.remove::<ReasonPhrase>();
    let scrubber = values.scrubber();
    for value in parts.headers.values_mut() {
        let clean = scrubber.mask(value.as_bytes());
        if clean != value.as_bytes() {
            *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""));
        }
    }
    let is_named = |name: &hyper::header::HeaderName| {
        let text = name.as_str().as_bytes();
        scrubber.mask(text) != text
    };
    let named: Vec<_> = parts.headers.keys().filter(|name| is_named(name)).cloned().collect();
    named.iter().for_each(|name| _ = parts.headers.remove(name));
    let has_body = *method != Method::HEAD
        && !parts.status.is_informational()
        && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !has_body {
        return Ok(Response::from_parts(parts, body::empty()));
    }
    let Some(mut coding) = Coding::of(&parts.headers) else {
        let sentence = "the answer is compressed in a way that cannot be looked into";
        return Ok(refuse(StatusCode::BAD_GATEWAY, sentence));
    };
    if incoming.size_hint().exact().is_some_and(|size| size <= SHORT) {
        let bytes = body::read(incoming).await?;
        let mut decoded = Vec::new();
        for piece in bytes.chunks(coding.piece()) {
            decoded.extend_from_slice(&coding.decode(piece)?);
        }
        decoded.extend(coding.decoded()?);
        let clean = scrubber.mask(&decoded);
        let mut whole = bytes;
        // Whatever has nothing in it stays byte for byte what it is.
        if clean != decoded {
            let mut encoded = coding.encode(clean)?;
            encoded.extend(coding.encoded()?);
            whole = encoded.into();
        }
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
        return Ok(Response::from_parts(parts, body::whole(whole)));
    }
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(TRANSFER_ENCODING);
    let filter = scrubber.shared_stream(|_| ());
    Ok(Response::from_parts(parts, body::filtered(incoming, filter, (coding, Open))))
}

fn keep_upgrade(parts: &mut hyper::http::response::Parts) {
    remove_hops(&mut parts.headers);
    if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
}
