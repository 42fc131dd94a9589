//! What of a value is looked for: itself, its parts, as a terminal shows it, and, where it is so
//! short that views of what it may be written as do not begin, written in hex and base64.
//!
//! Knows nothing of searching.

mod base64;

use data_encoding::{HEXLOWER, HEXUPPER};
use percent_encoding::percent_decode;

use super::view::{Alphabet, SHORTEST, without_margins};
use crate::inject::buffer::Buffer;
use crate::secret::SecretBytes;

/// Shorter lines and texts in a value are not looked for by themselves.
const PART: usize = 16;
/// As base64, longer values are runs of letters that are read.
const READ: usize = 11;

/// Lists what is looked for of `value`, sorted, none empty, no two the same.
pub(super) fn forms(value: &[u8]) -> Vec<SecretBytes> {
    let mut forms = Forms(Vec::new());
    forms.add_all_of(value);
    let trimmed = without_final_newlines(value);
    if trimmed.len() < value.len() {
        forms.add_all_of(trimmed);
    }
    forms.add_lines_of(value);
    for lines in [value, trimmed] {
        if has_short_lines(lines) {
            forms.add_all_of(SecretBytes::new(without_margins(lines)).expose());
        }
    }
    forms.add_latin(value);
    forms.add_other_spellings(value);
    if value.len() > PART
        && matches!(value.trim_ascii_start().first(), Some(b'{' | b'['))
        && let Ok(json) = serde_json::from_slice(value)
    {
        forms.add_texts_in(&json);
    }
    forms.0.sort_unstable_by(|one, other| one.expose().cmp(other.expose()));
    forms.0.dedup_by(|one, other| one.expose() == other.expose());
    forms.0
}

/// Whether a value has several lines, of which one is too short to be looked for by itself.
pub(super) fn has_short_lines(value: &[u8]) -> bool {
    let is_short = |line: &[u8]| (1..PART).contains(&line.trim_ascii().len());
    value.contains(&b'\n') && value.split(|byte| *byte == b'\n').any(is_short)
}

/// What the letters stand for of a text that has `value` in it, as far as the value alone says so,
/// for each place where it may begin.
pub(super) fn letters(value: &[u8], alphabet: Alphabet) -> Vec<SecretBytes> {
    match alphabet {
        Alphabet::Hex => {
            let mut nibbles = Vec::with_capacity(value.len() * 2);
            nibbles.extend(value.iter().flat_map(|byte| [byte >> 4, byte & 15]));
            vec![SecretBytes::new(nibbles)]
        }
        Alphabet::Base64 => (0..3).map(|offset| base64::letters(value, offset)).collect(),
    }
}

/// Forms on their way into a list.
struct Forms(Vec<SecretBytes>);

impl Forms {
    fn add_all_of(&mut self, value: &[u8]) {
        self.add_copy(value);
        if value.contains(&b'\n') {
            self.add(as_on_a_terminal(value));
        }
        if (SHORTEST..=READ).contains(&value.len()) {
            self.add(SecretBytes::from(HEXLOWER.encode(value)));
            self.add(SecretBytes::from(HEXUPPER.encode(value)));
            base64::add(value, self);
        }
    }

    /// Lines of a value of several; those around a key are no secret.
    fn add_lines_of(&mut self, value: &[u8]) {
        if !value.contains(&b'\n') {
            return;
        }
        for line in value.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.len() >= PART && !is_armor(line) {
                self.add_copy(line);
            }
        }
    }

    /// Some write characters as what they are in Latin-1: Python's `repr`, JavaScript's `escape`.
    fn add_latin(&mut self, value: &[u8]) {
        let Ok(text) = std::str::from_utf8(value) else { return };
        if value.is_ascii() || !text.chars().all(|c| c <= '\u{ff}') {
            return;
        }
        let mut latin = Buffer::default();
        for c in text.chars() {
            latin.push(&[c as u8]);
        }
        self.add(latin.into_secret());
    }

    /// What is left where blanks at the ends go, where lines are joined, and where percent triplets
    /// are undone: some who write those leave the ones that are there.
    fn add_other_spellings(&mut self, value: &[u8]) {
        let mut spellings = vec![SecretBytes::new(value.trim_ascii().to_vec())];
        if value.contains(&b'\n') {
            for (between, with_armor) in [(&b" "[..], true), (b"", true), (b"", false)] {
                let mut joined = Buffer::default();
                let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
                let lines = lines.filter(|line| with_armor || !is_armor(line));
                for (at, line) in lines.filter(|line| !line.is_empty()).enumerate() {
                    joined.push(if at == 0 { b"" } else { between });
                    joined.push(line);
                }
                spellings.push(joined.into_secret());
            }
        }
        if value.contains(&b'%') {
            let mut decoded = Vec::with_capacity(value.len());
            decoded.extend(percent_decode(value));
            spellings.push(SecretBytes::new(decoded));
        }
        for spelling in spellings {
            if spelling.len() >= SHORTEST && spelling.expose() != value {
                self.add(spelling);
            }
        }
    }

    fn add_texts_in(&mut self, json: &serde_json::Value) {
        match json {
            serde_json::Value::String(text) if text.len() >= PART => {
                self.add_copy(text.as_bytes());
                self.add_lines_of(text.as_bytes());
            }
            serde_json::Value::Array(all) => all.iter().for_each(|one| self.add_texts_in(one)),
            serde_json::Value::Object(all) => {
                let names = all.keys().filter(|name| name.len() >= PART);
                names.for_each(|name| self.add_copy(name.as_bytes()));
                all.values().for_each(|one| self.add_texts_in(one));
            }
            _ => {}
        }
    }

    fn add(&mut self, form: SecretBytes) {
        if !form.is_empty() {
            self.0.push(form);
        }
    }

    fn add_copy(&mut self, form: &[u8]) {
        self.add(SecretBytes::new(form.to_vec()));
    }
}

/// Whether a line is one of those around a key, which is no secret.
fn is_armor(line: &[u8]) -> bool {
    line.starts_with(b"-----") && line.ends_with(b"-----")
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
