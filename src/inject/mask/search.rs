//! Looking for values in texts that lie somewhere: where, and which; the text stays as it is.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::OnceLock;

use super::forms::forms;
use super::screen::Screen;
use super::view::Root;
use super::{Masker, WRITTEN};
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Shorter values are not searched for: they stand in any text.
pub(crate) const SHORTEST_SEARCHED: usize = 8;
/// So much of a text around a place is looked at closely, at least and at most.
const LEAST_AROUND: usize = 4 << 10;
const MOST_AROUND: usize = 256 << 10;

/// Values made ready to be searched for.
pub(crate) struct Search {
    values: Vec<(SecretName, SecretBytes)>,
    /// Made where something is found first: in most files there is nothing.
    masker: OnceLock<Masker>,
    screen: Screen,
    around: usize,
    /// Other names of values that several secrets have.
    same: Vec<(SecretName, SecretName)>,
}

impl Search {
    /// Prepares `values`, less those that are too short.
    pub(crate) fn new(values: &[(SecretName, SecretBytes)]) -> Self {
        let long = |value: &SecretBytes| value.len() >= SHORTEST_SEARCHED;
        let mut values: Vec<_> = values.iter().filter(|(_, value)| long(value)).cloned().collect();
        values.sort_by(|one, other| one.0.cmp(&other.0));
        let longest = values.iter().map(|(_, value)| value.len()).max().unwrap_or(0);
        let parts: Vec<Vec<SecretBytes>> =
            values.iter().map(|(_, value)| forms(value.expose())).collect();
        let parts = parts.iter().flatten().filter(|form| long(form)).map(SecretBytes::expose);
        let screen = Screen::new(values.iter().map(|(_, value)| value.expose()), parts);
        let around = (longest * WRITTEN).clamp(LEAST_AROUND, MOST_AROUND);
        let mut first: HashMap<&[u8], &SecretName> = HashMap::new();
        let mut same = Vec::new();
        for (name, value) in &values {
            match first.entry(value.expose()) {
                Entry::Vacant(free) => _ = free.insert(name),
                Entry::Occupied(other) => same.push(((*other.get()).clone(), name.clone())),
            }
        }
        Self { values, masker: OnceLock::new(), screen, around, same }
    }

    /// How many bytes of a text that comes in pieces are to be seen again with the next.
    pub(crate) fn around(&self) -> usize {
        self.around
    }

    /// Tells where values stand in `text`, in order of where each begins.
    pub(crate) fn find(&self, text: &[u8], mut report: impl FnMut(&SecretName, Range<usize>)) {
        let mut region: Option<Range<usize>> = None;
        self.screen.look(text, |at| match &mut region {
            Some(region) if at <= region.end => region.end = region.end.max(at + self.around),
            _ => {
                let next = at.saturating_sub(self.around)..at + self.around;
                if let Some(region) = region.replace(next) {
                    self.look_closely(text, region, &mut report);
                }
            }
        });
        if let Some(region) = region {
            self.look_closely(text, region, &mut report);
        }
    }

    /// A short text with the names of secrets in the place of values.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut out = String::new();
        let mut copied = 0;
        self.find(text.as_bytes(), |name, place| {
            // One name is enough.
            if place.start < copied {
                return;
            }
            out.push_str(text.get(copied..place.start).unwrap_or_default());
            out.push_str(&format!("[authy:{name}]"));
            copied = place.end;
        });
        out + text.get(copied..).unwrap_or_default()
    }

    /// Looks at whole lines, so that letters are read from where they begin.
    fn look_closely(
        &self,
        text: &[u8],
        region: Range<usize>,
        report: &mut impl FnMut(&SecretName, Range<usize>),
    ) {
        let before = &text[region.start.saturating_sub(self.around)..region.start];
        let before = memchr::memrchr(b'\n', before).map_or(0, |at| before.len() - at - 1);
        let start = region.start - before;
        let end = region.end.min(text.len());
        let after = &text[end..text.len().min(end + self.around)];
        let end = end + memchr::memchr(b'\n', after).unwrap_or(after.len());
        let masker = self.masker.get_or_init(|| Masker::new(&self.values));
        let mut root = Root::new(masker);
        let mut found = Vec::new();
        root.push(&text[start..end]);
        root.proceed(masker, true, &mut found);
        found.sort_by_key(|one| (one.start, Reverse(one.end)));
        let mut shown = 0;
        for one in found {
            // What lies within another is part of that.
            if one.end > shown {
                shown = one.end;
                let name = &masker.names[masker.patterns.label(one.pattern)];
                let place = start + one.start..start + one.end;
                for (_, other) in self.same.iter().filter(|(first, _)| first == name) {
                    report(other, place.clone());
                }
                report(name, place);
            }
        }
    }
}
