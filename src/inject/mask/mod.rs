//! Masking: what a child prints reaches the user with `[authy:NAME]` in place of values.
//!
//! A value is looked for in the text as it stands (a [`finder`]) and in what the text means (the
//! [`view`]s). No byte of any occurrence is shown. Occurrences that overlap disappear together, and
//! a label stands for each of the fewest, longest, that cover them. What may still become a value is
//! held back: exactly the bytes that one could start with, and where letters of hex or base64 stand
//! at the end those.
//!
//! One exception, for the echo of what is typed at a terminal and for whoever reads a pipe line by
//! line: when nothing came for a moment, up to a quarter of the shortest that the held bytes could
//! become is shown, through a pipe no more than a few bytes ([`Filter::idle`]). The rest is masked
//! all the same. Into a file nothing is shown so.
//!
//! Limits: docs/MASKING.md. Two things are judged by what hardly ever happens by chance: that 32 hex
//! digits of one case are no base64, and that what letters say and is no text has no escapes in it.

mod filter;
mod finder;
mod forms;
mod needles;
mod overlaps;
mod patterns;
mod sieve;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod view;
#[cfg(any(test, fuzzing, feature = "workbench"))]
mod writers;

use std::fmt;
#[cfg(feature = "sealed")]
use std::sync::Arc;

pub(crate) use filter::Filter;
pub(crate) use stream::Stream;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use writers::WRITERS;

use crate::name::SecretName;
use crate::secret::SecretBytes;
use forms::forms;
use needles::Needles;
use overlaps::Overlaps;
use patterns::{Patterns, Unsorted};
use sieve::Sieve;
use view::Alphabet;

/// Overlaps of fewer bytes are compared again where they matter, longer ones are remembered.
const LONG: usize = 64;
/// A quick look looks for so many bytes of a value.
const HEAD: usize = 64;
/// A byte may be written with six, or some more.
const ONCE_WRITTEN: usize = 10;
/// Each of those six may be written with six again.
const WRITTEN: usize = 36;
/// What stands before letters on their line, and after them before they go on, is looked at.
const BEFORE: usize = 160;
/// Values of so few bytes stand in many words.
const SHORT: usize = 3;

/// The forms of all values, made ready to be found.
pub(crate) struct Masker {
    names: Vec<SecretName>,
    /// What is shown in the place of each.
    labels: Vec<SecretBytes>,
    /// Whether a label is cut or filled up to the length of what it replaces.
    keeps_length: bool,
    /// Whether what a text means is looked at, too.
    has_views: bool,
    /// Whether values have quotation marks, or spaces, in them.
    has_quotes: bool,
    has_spaces: bool,
    /// Whether all of them are ASCII.
    is_ascii: bool,
    /// How many bytes of ASCII in a row each of them has at least, written in any way.
    stretch: usize,
    longest: usize,
    /// How many bytes the beginning of a value may take, once written, and where that is written once
    /// more.
    before: usize,
    far: usize,
    /// The shortest pattern that views look for.
    shortest: usize,
    /// What a quick look looks for.
    means: Means,
    patterns: Patterns,
    sieve: Sieve,
    overlaps: Overlaps,
}

/// Patterns as they are, and as what letters stand for.
#[derive(Default)]
struct Means {
    plain: Needles,
    hex: Needles,
    base64: Needles,
}

impl Means {
    /// What is looked for in what letters stand for.
    fn of(&self, alphabet: Alphabet) -> &Needles {
        match alphabet {
            Alphabet::Hex => &self.hex,
            Alphabet::Base64 => &self.base64,
        }
    }
}

impl Masker {
    /// Prepares the forms of `values`. Where two secrets share one, the first name labels it.
    pub(crate) fn new(values: &[(SecretName, SecretBytes)]) -> Self {
        Self::remembering(values, LONG)
    }

    fn remembering(values: &[(SecretName, SecretBytes)], long: usize) -> Self {
        let label = |name: &SecretName| SecretBytes::from(format!("[authy:{name}]"));
        let wanted = values.iter().map(|(name, value)| (name, forms(value.expose()), label(name)));
        Self::build(wanted.collect(), long).with_views()
    }

    /// Prepares the forms of `values`, to be replaced by what `label` says.
    #[cfg(feature = "sealed")]
    pub(crate) fn replacing(
        values: &[(SecretName, SecretBytes)],
        label: &dyn Fn(&SecretName) -> SecretBytes,
    ) -> Self {
        let wanted = values.iter().map(|(name, value)| (name, forms(value.expose()), label(name)));
        Self::build(wanted.collect(), LONG).with_views()
    }

    fn with_views(mut self) -> Self {
        let has = |byte| self.patterns.iter().any(|pattern| pattern.contains(&byte));
        (self.has_quotes, self.has_spaces) = (has(b'\''), has(b' '));
        self.is_ascii = self.patterns.iter().all(<[u8]>::is_ascii);
        let stretches = self.patterns.iter().filter(|pattern| pattern.len() >= view::SHORTEST);
        let stretch = |pattern: &[u8]| match pattern.is_ascii() {
            true => pattern.len() + 1,
            false => pattern.split(|byte| !byte.is_ascii()).map(<[u8]>::len).max().unwrap_or(0),
        };
        self.stretch = stretches.map(stretch).min().unwrap_or(0).max(2);
        self.has_views = self.patterns.len() > 0;
        self.longest = self.patterns.longest();
        let head = self.longest.min(HEAD);
        self.before = BEFORE + head * ONCE_WRITTEN;
        self.far = BEFORE + head * WRITTEN;
        let long = || {
            let long = self.patterns.iter().filter(|pattern| pattern.len() >= view::SHORTEST);
            // Where the beginning of a value stands, all of it is looked for.
            long.map(|pattern| &pattern[..pattern.len().min(HEAD)])
        };
        self.shortest = long().map(<[u8]>::len).min().unwrap_or(usize::MAX);
        self.means = Means {
            plain: Needles::new(long().map(|pattern| SecretBytes::new(pattern.to_vec()))),
            hex: Needles::new(long().flat_map(|pattern| forms::letters(pattern, Alphabet::Hex))),
            base64: Needles::new(
                long().flat_map(|pattern| forms::letters(pattern, Alphabet::Base64)),
            ),
        };
        self
    }

    /// Prepares texts to be found exactly as they are, each with what replaces it.
    #[cfg(feature = "sealed")]
    pub(crate) fn exact(texts: Vec<(&SecretName, SecretBytes, SecretBytes)>) -> Self {
        let wanted = texts.into_iter().map(|(name, text, label)| (name, vec![text], label));
        Self::build(wanted.collect(), LONG)
    }

    /// The same, with labels cut or filled up to the length of what they replace.
    #[cfg(feature = "sealed")]
    pub(crate) fn keeping_length(self) -> Self {
        Self { keeps_length: true, ..self }
    }

    fn build(mut wanted: Vec<(&SecretName, Vec<SecretBytes>, SecretBytes)>, long: usize) -> Self {
        wanted.sort_by_key(|(name, ..)| *name);
        let mut unsorted = Unsorted::default();
        for (label, (_, forms, _)) in wanted.iter().enumerate() {
            unsorted.push(forms, label);
        }
        let patterns = unsorted.sort();
        let sieve = Sieve::new(&patterns);
        let overlaps = Overlaps::new(&patterns, &sieve, long);
        let names = wanted.iter().map(|(name, ..)| (*name).clone()).collect();
        let labels = wanted.into_iter().map(|(.., label)| label).collect();
        Self {
            names,
            labels,
            keeps_length: false,
            has_views: false,
            has_quotes: false,
            has_spaces: false,
            is_ascii: false,
            stretch: 0,
            longest: 0,
            before: 0,
            far: 0,
            shortest: 0,
            means: Means::default(),
            patterns,
            sieve,
            overlaps,
        }
    }

    /// Starts on one stream of output. `report` hears a secret's name each time one of its
    /// forms was replaced, before the replacement is appended.
    pub(crate) fn stream<'m, R>(&'m self, report: R) -> Stream<&'m Self, R>
    where
        R: FnMut(&SecretName) + 'm,
    {
        Stream::new(self, report)
    }

    /// The same, for a stream that outlives whoever began it.
    #[cfg(feature = "sealed")]
    pub(crate) fn shared_stream<R>(self: &Arc<Self>, report: R) -> Stream<Arc<Self>, R>
    where
        R: FnMut(&SecretName),
    {
        Stream::new(Arc::clone(self), report)
    }

    /// The bytes that the longest of what is looked for can take, however it is written.
    #[cfg(feature = "sealed")]
    pub(crate) fn reach(&self) -> usize {
        self.patterns.longest() * if self.has_views { WRITTEN } else { 1 }
    }

    #[cfg(test)]
    fn without_views(self) -> Self {
        Self { has_views: false, ..self }
    }

    /// All of `text` at once.
    #[cfg(feature = "sealed")]
    pub(crate) fn mask(&self, text: &[u8]) -> Vec<u8> {
        self.mask_reporting(text, |_| ())
    }

    /// As [`Masker::mask`]; `report` hears what was replaced.
    #[cfg(feature = "sealed")]
    pub(crate) fn mask_reporting(&self, text: &[u8], report: impl FnMut(&SecretName)) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut stream = self.stream(report);
        stream.push(text, &mut out);
        stream.finish(&mut out);
        out
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker([redacted])")
    }
}
