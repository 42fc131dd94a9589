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
//! digits of one case are no base64, and that what letters say and is not text has no escapes in it.

mod filter;
mod finder;
mod forms;
mod means;
mod needles;
mod overlaps;
mod patterns;
mod screen;
mod search;
mod sieve;
mod spellings;
mod stream;
#[cfg(test)]
mod tests;
mod text;
mod view;
mod writers;

use std::fmt;
#[cfg(feature = "sealed")]
use std::sync::Arc;

pub(crate) use filter::Filter;
pub(crate) use search::{SHORTEST_SEARCHED, Search};
pub(crate) use stream::Stream;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use writers::WRITERS;

use crate::name::SecretName;
use crate::secret::SecretBytes;
use forms::forms;
use means::Means;
use overlaps::Overlaps;
use patterns::{Patterns, Unsorted};
use sieve::Sieve;

/// Overlaps of fewer bytes are compared again where they matter, longer ones are remembered.
const LONG: usize = 64;
/// A byte may be written with six, and each of those with six again.
const WRITTEN: usize = 36;
/// Values of so few bytes stand in many words: they are found as words of their own alone.
pub(crate) const SHORT: usize = 3;

/// The forms of all values, made ready to be found.
pub(crate) struct Masker {
    names: Vec<SecretName>,
    /// What is shown in the place of each.
    labels: Vec<SecretBytes>,
    /// Whether a label is cut or filled up to the length of what it replaces.
    keeps_length: bool,
    /// How values may be written otherwise; nothing where they are looked for as they are alone.
    means: Means,
    /// Whether values of few bytes are found as words of their own alone.
    as_words: bool,
    patterns: Patterns,
    sieve: Sieve,
    overlaps: Overlaps,
}

impl Masker {
    /// Prepares the forms of `values`. Where two secrets share one, the first name labels it.
    pub(crate) fn new(values: &[(SecretName, SecretBytes)]) -> Self {
        Self::labelled(values, &Self::label, LONG)
    }

    #[cfg(test)]
    fn remembering(values: &[(SecretName, SecretBytes)], long: usize) -> Self {
        Self::labelled(values, &Self::label, long)
    }

    /// Prepares the forms of `values`, to be replaced by what `label` says.
    #[cfg(feature = "sealed")]
    pub(crate) fn replacing(
        values: &[(SecretName, SecretBytes)],
        label: &dyn Fn(&SecretName) -> SecretBytes,
    ) -> Self {
        Self::labelled(values, label, LONG)
    }

    fn labelled(
        values: &[(SecretName, SecretBytes)],
        label: &dyn Fn(&SecretName) -> SecretBytes,
        long: usize,
    ) -> Self {
        let wanted = values.iter().map(|(name, value)| (name, forms(value.expose()), label(name)));
        let masker = Self::build(wanted.collect(), long);
        let means = Means::of(&masker.patterns);
        Self { means, as_words: true, ..masker }
    }

    fn label(name: &SecretName) -> SecretBytes {
        SecretBytes::from(format!("[authy:{name}]"))
    }

    /// Whether values are looked for in what a text means, too.
    fn has_views(&self) -> bool {
        self.means.shortest > 0
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
            means: Means::default(),
            as_words: false,
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
        self.patterns.longest() * if self.has_views() { WRITTEN } else { 1 }
    }

    #[cfg(test)]
    fn without_views(self) -> Self {
        Self { means: Means::default(), as_words: false, ..self }
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
