//! What is known of all values before a text is looked at for what it means.

use super::WRITTEN;
use super::forms;
use super::needles::Needles;
use super::patterns::Patterns;
use super::view::{Alphabet, SHORTEST};
use crate::secret::SecretBytes;

/// A quick look looks for so many bytes of a value.
const HEAD: usize = 64;
/// A byte may be written with six, or some more.
const ONCE_WRITTEN: usize = 10;
/// What stands before letters on their line, and after them before they go on, is looked at.
const BEFORE: usize = 160;

/// Shorter lines are not folded: YAML does that at 80 columns.
const FOLDED: usize = 40;

/// The values that are looked for in views. By default there are none.
#[derive(Default)]
pub(super) struct Means {
    /// How long the shortest is, and the longest.
    pub(super) shortest: usize,
    pub(super) longest: usize,
    /// How many bytes of ASCII in a row each of them has at least, written in any way.
    pub(super) stretch: usize,
    /// Whether all are ASCII, and whether any has quotation marks, or spaces.
    pub(super) is_ascii: bool,
    pub(super) has_quotes: bool,
    pub(super) has_spaces: bool,
    /// Whether any has several lines, of which one is not looked for by itself, or a line that programs break.
    pub(super) has_short_lines: bool,
    pub(super) has_long_lines: bool,
    /// How many bytes the beginning of a value may take, once written, and where that is written once
    /// more.
    pub(super) before: usize,
    pub(super) far: usize,
    /// Their beginnings, as they are and as what letters stand for.
    pub(super) plain: Needles,
    hex: Needles,
    base64: Needles,
}

impl Means {
    /// Takes what there is to know of `patterns`.
    pub(super) fn of(patterns: &Patterns) -> Self {
        let all = || patterns.iter().filter(|pattern| pattern.len() >= SHORTEST);
        let Some(shortest) = all().map(<[u8]>::len).min() else { return Self::default() };
        let longest = patterns.longest();
        let has = |byte| all().any(|pattern| pattern.contains(&byte));
        let stretch = |pattern: &[u8]| match pattern.is_ascii() {
            // An escape is longer than what it stands for.
            true => pattern.len() + 1,
            false => pattern.split(|byte| !byte.is_ascii()).map(<[u8]>::len).max().unwrap_or(0),
        };
        let head = longest.min(HEAD);
        // Where the beginning of a value stands, all of it is looked for.
        let heads = || all().map(|pattern| &pattern[..pattern.len().min(HEAD)]);
        let letters =
            |alphabet| Needles::new(heads().flat_map(move |head| forms::letters(head, alphabet)));
        Self {
            shortest: shortest.min(HEAD),
            longest,
            stretch: all().map(stretch).min().unwrap_or(0).max(2),
            is_ascii: all().all(<[u8]>::is_ascii),
            has_quotes: has(b'\''),
            has_spaces: has(b' '),
            has_short_lines: all().any(forms::has_short_lines),
            has_long_lines: all().any(|pattern| pattern.len() >= FOLDED && pattern.contains(&b' ')),
            before: BEFORE + head * ONCE_WRITTEN,
            far: BEFORE + head * WRITTEN,
            plain: Needles::new(heads().map(|head| SecretBytes::new(head.to_vec()))),
            hex: letters(Alphabet::Hex),
            base64: letters(Alphabet::Base64),
        }
    }

    /// Their beginnings in what letters stand for.
    pub(super) fn in_letters(&self, alphabet: Alphabet) -> &Needles {
        match alphabet {
            Alphabet::Hex => &self.hex,
            Alphabet::Base64 => &self.base64,
        }
    }
}
