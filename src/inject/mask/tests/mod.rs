//! What masking promises, against the slowest and plainest search there is.

mod against_naive;
mod forms;
mod naive;
mod search;
mod streaming;
mod views;

use super::{Filter, Masker};
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Values named `a`, `b`, … in this order.
fn named<V: AsRef<[u8]>>(values: &[V]) -> Vec<(SecretName, SecretBytes)> {
    let named = |(i, value): (usize, &V)| {
        let name = char::from(b'a' + i as u8).to_string();
        (SecretName::parse(&name).unwrap(), SecretBytes::new(value.as_ref().to_vec()))
    };
    values.iter().enumerate().map(named).collect()
}

fn masker<V: AsRef<[u8]>>(values: &[V]) -> Masker {
    Masker::new(&named(values))
}

/// Masks the concatenated `chunks`.
fn mask<'a>(masker: &Masker, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut stream = masker.stream(|_| ());
    for chunk in chunks {
        stream.push(chunk, &mut out);
    }
    stream.finish(&mut out);
    assert!(!stream.holds());
    out
}

/// Masks `text` given in one piece.
fn mask_text(masker: &Masker, text: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(&mask(masker, [text.as_ref()])).into_owned()
}
