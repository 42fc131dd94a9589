//! Masking: what a child prints reaches the user with `[authy:NAME]` in place of values.
//!
//! No byte of any occurrence of any form of a value is shown. Occurrences that overlap
//! disappear together, and a label stands for each of the fewest, longest, that cover them.
//! What may still become a value is held back: exactly the bytes that a form could start
//! with, nothing before them.
//!
//! One exception, for the echo of what is typed at a terminal: when nothing came for a
//! moment, up to a quarter of the shortest form that the held bytes could become is shown
//! ([`Filter::idle`]). So a value that is printed slowly, or typed, can show its first
//! quarter; the rest of it is masked all the same. Pipes are never idle and show nothing.
//!
//! Limits: a value of fewer than six bytes is known only as it is, and a base64 text that
//! goes on around a value shows up to four bits of the value at either end.

mod filter;
mod forms;
mod overlaps;
mod patterns;
mod sieve;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use filter::Filter;
pub(crate) use stream::Stream;

use crate::name::SecretName;
use crate::secret::SecretBytes;
use forms::forms;
use overlaps::Overlaps;
use patterns::{Patterns, Unsorted};
use sieve::Sieve;

/// Overlaps of fewer bytes are compared again where they matter, longer ones are remembered.
const LONG: usize = 64;

/// The forms of all values, made ready to be found.
pub(crate) struct Masker {
    names: Vec<SecretName>,
    patterns: Patterns,
    sieve: Sieve,
    overlaps: Overlaps,
}

impl Masker {
    /// Prepares the forms of `values`. Where two secrets share one, the first name labels it.
    pub(crate) fn new(values: &[(SecretName, SecretBytes)]) -> Self {
        Self::remembering(values, LONG)
    }

    fn remembering(values: &[(SecretName, SecretBytes)], long: usize) -> Self {
        let mut values: Vec<_> = values.iter().collect();
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut unsorted = Unsorted::default();
        for (label, (_, value)) in values.iter().enumerate() {
            unsorted.push(&forms(value.expose()), label);
        }
        let patterns = unsorted.sort();
        let sieve = Sieve::new(&patterns);
        let overlaps = Overlaps::new(&patterns, &sieve, long);
        let names = values.iter().map(|(name, _)| name.clone()).collect();
        Self { names, patterns, sieve, overlaps }
    }

    /// Starts on one stream of output. `report` hears a secret's name each time one of its
    /// forms was replaced, before the replacement is appended.
    pub(crate) fn stream<'m, R>(&'m self, report: R) -> Stream<'m, R>
    where
        R: FnMut(&SecretName) + 'm,
    {
        Stream::new(self, report)
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker([redacted])")
    }
}
