//! Placeholders in a request's head: found, and replaced by what they stand for.

use data_encoding::BASE64;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use zeroize::Zeroizing;

use super::values::{Cleared, Slot, percent_encoded};
use crate::access::{Injection, SetHeader};
use crate::inject::Buffer;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// How the header of a user and a password begins (RFC 7617, 2).
const BASIC: &str = "Basic ";

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

/// Puts the values in, each at the place that it was cleared for.
///
/// # Errors
/// [`Unfit`] for a value with a line break.
pub(super) fn fill(parts: &mut Parts, cleared: &[Cleared<'_>]) -> Result<(), Unfit> {
    let at = |place| cleared.iter().filter(move |one| one.place() == place);
    for value in parts.headers.values_mut() {
        for one in at(Injection::Header) {
            let filled = match basic(value) {
                Some(text) if one.slot().find(&text).is_some() => {
                    Some(authorization_basic(replaced(&text, one.slot(), one.value()).expose()))
                }
                _ => one
                    .slot()
                    .find(value.as_bytes())
                    .map(|_| replaced(value.as_bytes(), one.slot(), one.value())),
            };
            if let Some(filled) = filled {
                *value = header(&filled, one.slot())?;
            }
        }
    }
    let in_address = at(Injection::Path).chain(at(Injection::Query)).next();
    let (Some(one), Some(address)) = (in_address, parts.uri.path_and_query()) else {
        return Ok(());
    };
    let mut text = Buffer::default();
    text.push(in_part(address.path(), at(Injection::Path)).expose());
    if let Some(query) = address.query() {
        text.push(b"?");
        text.push(in_part(query, at(Injection::Query)).expose());
    }
    let unfit = || Unfit(one.slot().name.clone());
    let address = PathAndQuery::try_from(text.into_secret().expose()).map_err(|_| unfit())?;
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    uri.path_and_query = Some(address);
    parts.uri = hyper::Uri::from_parts(uri).map_err(|_| unfit())?;
    Ok(())
}

fn in_part<'c>(part: &str, cleared: impl Iterator<Item = &'c Cleared<'c>>) -> SecretBytes {
    let text = SecretBytes::new(part.as_bytes().to_vec());
    cleared
        .fold(text, |text, one| replaced(text.expose(), one.slot(), &percent_encoded(one.value())))
}

/// Sets a header to a value, whatever the program sent.
///
/// # Errors
/// [`Unfit`].
pub(super) fn set(
    parts: &mut Parts,
    header_to_set: &SetHeader,
    cleared: &Cleared<'_>,
) -> Result<(), Unfit> {
    let (slot, value) = (cleared.slot(), cleared.value());
    let (name, text) = match header_to_set {
        SetHeader::Bearer => {
            (AUTHORIZATION, SecretBytes::new([b"Bearer ", value.expose()].concat()))
        }
        SetHeader::Basic(user) => {
            let whole = SecretBytes::new([user.as_bytes(), b":", value.expose()].concat());
            (AUTHORIZATION, authorization_basic(whole.expose()))
        }
        SetHeader::Named(name) => {
            let name = HeaderName::try_from(name).map_err(|_| Unfit(slot.name.clone()))?;
            (name, value.clone())
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
        .eq_ignore_ascii_case(BASIC.as_bytes())
        .then(|| BASE64.decode(text).ok())
        .flatten()
        .map(Zeroizing::new)
}

fn authorization_basic(text: &[u8]) -> SecretBytes {
    let mut out = String::with_capacity(BASIC.len() + BASE64.encode_len(text.len()));
    out.push_str(BASIC);
    BASE64.encode_append(text, &mut out);
    SecretBytes::from(out)
}

fn replaced(text: &[u8], slot: &Slot, value: &SecretBytes) -> SecretBytes {
    let mut out = Buffer::default();
    let mut rest = text;
    while let Some(at) = slot.find(rest) {
        out.push(&rest[..at]);
        out.push(value.expose());
        rest = &rest[at + slot.placeholder.len()..];
    }
    out.push(rest);
    out.into_secret()
}
