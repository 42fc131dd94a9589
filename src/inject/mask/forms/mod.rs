//! The forms of one value: as it is, as a terminal shows it, and encoded.
//!
//! Knows nothing of searching. To add a form, add it here.

mod base64;
mod json;
mod percent;

use data_encoding::{HEXLOWER, HEXUPPER};

use crate::inject::buffer::Buffer;
use crate::secret::SecretBytes;

/// Shorter values have no encoded forms: those would be found in any text.
const SHORTEST_ENCODED: usize = 6;

/// Lists the forms of `value`, sorted, none empty, no two the same.
pub(super) fn forms(value: &[u8]) -> Vec<SecretBytes> {
    let mut forms = Forms(Vec::new());
    forms.add_all_of(value);
    let trimmed = without_final_newlines(value);
    if trimmed.len() < value.len() {
        forms.add_all_of(trimmed);
    }
    forms.0.sort_unstable_by(|one, other| one.expose().cmp(other.expose()));
    forms.0
}

/// Forms on their way into a list.
struct Forms(Vec<SecretBytes>);

impl Forms {
    fn add_all_of(&mut self, value: &[u8]) {
        self.add_copy(value);
        if value.contains(&b'\n') {
            self.add(as_on_a_terminal(value));
        }
        if value.len() >= SHORTEST_ENCODED {
            self.add(SecretBytes::from(HEXLOWER.encode(value)));
            self.add(SecretBytes::from(HEXUPPER.encode(value)));
            base64::add(value, self);
            percent::add(value, self);
            json::add(value, self);
        }
    }

    fn add(&mut self, form: SecretBytes) {
        if !form.is_empty() && !self.has(form.expose()) {
            self.0.push(form);
        }
    }

    fn add_copy(&mut self, form: &[u8]) {
        if !form.is_empty() && !self.has(form) {
            self.0.push(SecretBytes::new(form.to_vec()));
        }
    }

    fn has(&self, form: &[u8]) -> bool {
        self.0.iter().any(|known| known.expose() == form)
    }
}

/// A terminal sends `\r\n` where the program wrote `\n`.
fn as_on_a_terminal(value: &[u8]) -> SecretBytes {
    let mut out = Buffer::default();
    for (i, line) in value.split(|&b| b == b'\n').enumerate() {
        if i > 0 {
            out.push(b"\r\n");
        }
        out.push(line);
    }
    out.into_secret()
}

/// What `$(…)` and many programs leave of a value that ends in newlines.
fn without_final_newlines(mut value: &[u8]) -> &[u8] {
    while let Some(line) = value.strip_suffix(b"\n") {
        value = line.strip_suffix(b"\r").unwrap_or(line);
    }
    value
}
