//! Placeholders in a request's head: found, and replaced by what they stand for.

use data_encoding::BASE64;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use zeroize::Zeroizing;

use super::values::Slot;
use crate::access::{Injection, SetHeader};
use crate::inject::Buffer;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// What stands for itself in addresses (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value that a header cannot hold.
#[derive(Debug)]
pub(super) struct Unfit(pub(super) SecretName);

/// Finds the placeholders in the head of a request, each place once.
pub(super) fn found<'s>(parts: &Parts, slots: &'s [Slot]) -> Vec<(&'s Slot, Injection)> {
    let mut all = Vec::new();
    for slot in slots {
        let is_in = |text: &[u8]| slot.find(text).is_some();
        let in_header = |value: &HeaderValue| {
            is_in(value.as_bytes()) || basic(value).is_some_and(|text| is_in(&text))
        };
        let in_name = |name: &HeaderName| is_in(name.as_str().as_bytes());
        if parts.headers.iter().any(|(name, value)| in_header(value) || in_name(name)) {
            all.push((slot, Injection::Header));
        }
        if is_in(parts.uri.path().as_bytes()) {
            all.push((slot, Injection::Path));
        }
        if parts.uri.query().is_some_and(|query| is_in(query.as_bytes())) {
            all.push((slot, Injection::Query));
        }
    }
    all
}

/// Puts the values of `slots` in.
///
/// # Errors
/// [`Unfit`] for a value with a line break.
pub(super) fn fill(parts: &mut Parts, slots: &[&Slot]) -> Result<(), Unfit> {
    for value in parts.headers.values_mut() {
        for slot in slots {
            let filled = match basic(value) {
                Some(text) if slot.find(&text).is_some() => {
                    let whole = replaced(&text, slot, slot.value.expose());
                    Some(authorization_basic(whole.expose()))
                }
                _ => slot
                    .find(value.as_bytes())
                    .map(|_| replaced(value.as_bytes(), slot, slot.value.expose())),
            };
            if let Some(filled) = filled {
                *value = header(&filled, slot)?;
            }
        }
    }
    let Some(address) = parts.uri.path_and_query() else { return Ok(()) };
    let mut text = SecretBytes::new(address.as_str().as_bytes().to_vec());
    let mut is_changed = false;
    for slot in slots.iter().filter(|slot| slot.find(address.as_str().as_bytes()).is_some()) {
        let value = SecretBytes::from(percent_encode(slot.value.expose(), UNRESERVED).to_string());
        text = replaced(text.expose(), slot, value.expose());
        is_changed = true;
    }
    if let (true, Some(slot)) = (is_changed, slots.first()) {
        let unfit = || Unfit(slot.name.clone());
        let address = PathAndQuery::try_from(text.expose()).map_err(|_| unfit())?;
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.path_and_query = Some(address);
        parts.uri = hyper::Uri::from_parts(uri).map_err(|_| unfit())?;
    }
    Ok(())
}

/// Sets a header to the value of `slot`, whatever the program sent.
///
/// # Errors
/// [`Unfit`].
pub(super) fn set(parts: &mut Parts, header_to_set: &SetHeader, slot: &Slot) -> Result<(), Unfit> {
    let (name, text) = match header_to_set {
        SetHeader::Bearer => {
            (AUTHORIZATION, SecretBytes::new([b"Bearer ", slot.value.expose()].concat()))
        }
        SetHeader::Basic(user) => {
            let whole = [user.as_bytes(), b":", slot.value.expose()].concat();
            (AUTHORIZATION, authorization_basic(SecretBytes::new(whole).expose()))
        }
        SetHeader::Named(name) => {
            let name = HeaderName::try_from(name).map_err(|_| Unfit(slot.name.clone()))?;
            (name, slot.value.clone())
        }
    };
    parts.headers.insert(name, header(&text, slot)?);
    Ok(())
}

fn header(text: &SecretBytes, slot: &Slot) -> Result<HeaderValue, Unfit> {
    let value = HeaderValue::from_bytes(text.expose());
    let mut value = value.map_err(|_| Unfit(slot.name.clone()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What `Basic` hides in a header.
fn basic(value: &HeaderValue) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, text) = value.as_bytes().split_at_checked(6)?;
    let text = text.trim_ascii();
    scheme
        .eq_ignore_ascii_case(b"basic ")
        .then(|| BASE64.decode(text).ok())
        .flatten()
        .map(Zeroizing::new)
}

fn authorization_basic(text: &[u8]) -> SecretBytes {
    SecretBytes::from(format!("Basic {}", BASE64.encode(text)))
}

fn replaced(text: &[u8], slot: &Slot, value: &[u8]) -> SecretBytes {
    let mut out = Buffer::default();
    let mut rest = text;
    while let Some(at) = slot.find(rest) {
        out.push(&rest[..at]);
        out.push(value);
        rest = &rest[at + slot.placeholder.len()..];
    }
    out.push(rest);
    out.into_secret()
}

/// A value as the body of a request of this kind holds it.
pub(super) fn in_body(slot: &Slot, content_type: &str) -> SecretBytes {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = slot.value.expose_str();
    if kind == "application/x-www-form-urlencoded" {
        return SecretBytes::from(percent_encode(slot.value.expose(), UNRESERVED).to_string());
    }
    match text.filter(|_| kind == "application/json" || kind.ends_with("+json")) {
        Some(text) => {
            let quoted = SecretBytes::from(serde_json::Value::from(text).to_string());
            let inner = quoted.expose();
            SecretBytes::new(inner.get(1..inner.len() - 1).unwrap_or_default().to_vec())
        }
        None => slot.value.clone(),
    }
}
