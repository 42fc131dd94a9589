//! A list of pins as it lies on the disk: `<created> <version> <path>` a line, sorted by path behind a
//! line that says so.
//!
//! Every command reads all of it and looks up a few lines, so these are looked for where they have to
//! stand. A list without that line, as older versions wrote it, is read as a whole.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The place of a file's content in time: by creation first, then by version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// When the file's subject was made, seconds since 1970; 0 where it has no such time.
    pub(crate) created: i64,
    /// Its version.
    pub(crate) version: u64,
}

impl Version {
    /// The version of a document, which has no time of its own.
    pub(crate) const fn of_document(version: u64) -> Self {
        Self { created: 0, version }
    }
}

/// The first line of a sorted list; nothing that older versions take for a pin.
const SORTED: &str = "# sorted by path\n";

/// So many paths are looked for one by one.
const FEW: usize = 64;

/// The pins of a list, by path.
#[derive(Debug, Default)]
pub(super) struct Pins {
    text: String,
    /// Where the paths stand, sorted by them; read when all are asked for, or the list is in no order.
    lines: OnceLock<Vec<Line>>,
    /// How many were looked for.
    asked: AtomicUsize,
}

/// Where a path stands, and its pin.
type Line = (Range<usize>, Version);

impl Pins {
    /// Takes a list; what is no pin in it counts for nothing, and of two with one path the last.
    pub(super) fn parse(text: String) -> Self {
        Self { text, lines: OnceLock::new(), asked: AtomicUsize::new(0) }
    }

    /// The pin of the file at `path`.
    pub(super) fn get(&self, path: &str) -> Option<Version> {
        let Some(begin) = self.begin(path) else {
            let lines = self.lines();
            let at = lines.binary_search_by(|(place, _)| self.text[place.clone()].cmp(path));
            return Some(lines[at.ok()?].1);
        };
        let (found, version) = self.lines_from(begin).next()?;
        (&self.text[found] == path).then_some(version)
    }

    /// Those of the files below a folder, sorted by path.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, Version)> {
        let prefix = format!("{folder}/");
        let lines: Box<dyn Iterator<Item = Line>> = match self.begin(&prefix) {
            Some(begin) => Box::new(self.lines_from(begin)),
            None => {
                let lines = self.lines();
                let path = |(place, _): &Line| &self.text[place.clone()];
                let begin = lines.partition_point(|line| path(line) < prefix.as_str());
                Box::new(lines[begin..].iter().cloned())
            }
        };
        let lines = lines.map(|(place, version)| (&self.text[place], version));
        lines.take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// Every pin, sorted by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Version)> {
        self.lines().iter().map(|(place, version)| (&self.text[place.clone()], *version))
    }

    /// The pins, to be changed.
    pub(super) fn to_map(&self) -> BTreeMap<String, Version> {
        self.iter().map(|(path, version)| (path.to_owned(), version)).collect()
    }

    /// Where the first line begins whose path is not before this one; `None` where that cannot be told
    /// without reading all of them, or so many are looked for that this is faster.
    fn begin(&self, path: &str) -> Option<usize> {
        if self.lines.get().is_some() || self.asked.fetch_add(1, Ordering::Relaxed) >= FEW {
            return None;
        }
        let bytes = self.text.as_bytes();
        self.text.starts_with(SORTED).then_some(())?;
        let (mut low, mut high) = (SORTED.len(), bytes.len());
        while low < high {
            let middle = low.midpoint(high);
            let begin = memchr::memrchr(b'\n', &bytes[low..middle]).map_or(low, |at| low + at + 1);
            let line = self.line_at(begin);
            let (found, _) = parse_line(line)?;
            if &line[found..] < path {
                low = (begin + line.len() + 1).min(bytes.len());
            } else {
                high = begin;
            }
        }
        Some(low)
    }

    fn line_at(&self, begin: usize) -> &str {
        let rest = &self.text[begin..];
        &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())]
    }

    /// The pins as they stand from a line on.
    fn lines_from(&self, begin: usize) -> impl Iterator<Item = Line> {
        let mut begin = begin;
        let next = move || {
            (begin < self.text.len()).then(|| {
                let line = self.line_at(begin);
                let place = begin..begin + line.len();
                begin = place.end + 1;
                (place, parse_line(line))
            })
        };
        std::iter::from_fn(next).filter_map(|(place, line)| {
            let (path, version) = line?;
            Some((place.start + path..place.end, version))
        })
    }

    fn lines(&self) -> &[Line] {
        self.lines.get_or_init(|| {
            let mut lines: Vec<Line> = self.lines_from(0).collect();
            let path = |line: &Line| &self.text[line.0.clone()];
            // Lists are written so; one by an older version is not.
            if !lines.is_sorted_by(|a, b| path(a) < path(b)) {
                lines.sort_by(|a, b| path(a).cmp(path(b)));
                lines.dedup_by(|next, kept| {
                    let is_same = path(next) == path(kept);
                    if is_same {
                        *kept = next.clone();
                    }
                    is_same
                });
            }
            lines
        })
    }
}

/// Reads a line: where its path begins, and the version.
fn parse_line(line: &str) -> Option<(usize, Version)> {
    let space = |from: usize| Some(from + line[from..].bytes().position(|b| b == b' ')?);
    let first = space(0)?;
    let second = space(first + 1)?;
    let (created, version) = (line[..first].parse().ok()?, line[first + 1..second].parse().ok()?);
    Some((second + 1, Version { created, version }))
}

/// Writes a list.
pub(super) fn render(pins: &BTreeMap<String, Version>) -> String {
    let lines = pins.iter().map(|(path, v)| format!("{} {} {path}\n", v.created, v.version));
    std::iter::once(SORTED.to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Pins, Version, render};

    const fn at(created: i64, version: u64) -> Version {
        Version { created, version }
    }

    #[test]
    fn lists_in_any_order_are_read_and_the_last_of_two_counts() {
        let text = "7 1 secrets/b.toml\nnonsense\n7 2\n-1 3 a b\n7 x p\n9 4 secrets/b.toml\n0 5 A";
        let pins = Pins::parse(text.to_owned());
        let all = [("A", at(0, 5)), ("a b", at(-1, 3)), ("secrets/b.toml", at(9, 4))];
        assert_eq!(pins.iter().collect::<Vec<_>>(), all);
        assert_eq!(pins.get("secrets/b.toml"), Some(at(9, 4)));
        assert_eq!((pins.get("p"), pins.get(""), pins.get("secrets")), (None, None, None));
        assert_eq!(pins.below("secrets").collect::<Vec<_>>(), [("secrets/b.toml", at(9, 4))]);
        assert!(pins.below("s").next().is_none() && pins.below("z").next().is_none());
        assert!(Pins::parse(String::new()).iter().next().is_none());
        let sorted = Pins::parse("1 1 a\n2 2 a\n3 3 b\n".to_owned());
        assert_eq!(sorted.iter().collect::<Vec<_>>(), [("a", at(2, 2)), ("b", at(3, 3))]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            pins in prop::collection::btree_map("[a-c/ ]{1,3}", (any::<i64>(), any::<u64>()), 0..12),
            shuffled in any::<bool>(),
            spoilt in any::<bool>(),
        ) {
            let pins: BTreeMap<_, _> =
                pins.into_iter().map(|(path, (created, version))| (path, at(created, version))).collect();
            let mut text = render(&pins);
            if shuffled {
                text = text.lines().rev().map(|line| format!("{line}\n")).collect();
            }
            if spoilt {
                text.insert_str(text.len() / 2 + text[text.len() / 2..].find('\n').map_or(0, |at| at + 1), "?\n");
            }
            let read = Pins::parse(text);
            // A few are looked for before all are read, and after.
            for _ in 0..2 {
                prop_assert!(pins.iter().all(|(path, version)| read.get(path) == Some(*version)));
                prop_assert!(["", "a", "b/", "c c", "d"].iter().all(|path| read.get(path) == pins.get(*path).copied()));
                for folder in ["a", "b", "c/a", "z", ""] {
                    let below = |(path, _): &(&str, Version)| path.starts_with(&format!("{folder}/"));
                    let expected: Vec<_> =
                        pins.iter().map(|(path, version)| (path.as_str(), *version)).filter(below).collect();
                    prop_assert_eq!(read.below(folder).collect::<Vec<_>>(), expected);
                }
                prop_assert_eq!(read.to_map(), pins.clone());
            }
        }
    }
}
