//! Masking as one would define it, not as one would run it.

use std::ops::Range;

use super::super::Masker;

/// All patterns with their labels, searched one by one.
pub(super) struct Naive<'m> {
    patterns: Vec<(&'m [u8], String)>,
}

/// Its start, its end, its pattern.
type Occurrence = (usize, usize, usize);

impl<'m> Naive<'m> {
    pub(super) fn new(masker: &'m Masker) -> Self {
        let label = |i| format!("[authy:{}]", masker.names[masker.patterns.label(i)]);
        let patterns = masker.patterns.iter().enumerate().map(|(i, p)| (p, label(i))).collect();
        Self { patterns }
    }

    /// What is left of `text`: from each place on, the label of the occurrence that
    /// starts there or before and reaches furthest, or the byte itself.
    pub(super) fn mask(&self, text: &[u8]) -> Vec<u8> {
        let occurrences = self.occurrences(text);
        let mut out = Vec::new();
        let mut at = 0;
        while at < text.len() {
            at = self.step(text, &occurrences, at, &mut out);
        }
        out
    }

    /// What `mask` has appended after each byte of `text`, from none to all, when after as
    /// many bytes as are in `pauses` nothing came for a moment. Without the end of the text.
    /// With it, which bytes were shown in the pauses.
    pub(super) fn mask_slowly(
        &self,
        text: &[u8],
        pauses: &[usize],
    ) -> (Vec<Vec<u8>>, Vec<Range<usize>>) {
        let (mut steps, mut early) = (Vec::new(), Vec::new());
        let (mut out, mut at) = (Vec::new(), 0);
        for came in 0..=text.len() {
            let text = &text[..came];
            let occurrences = self.occurrences(text);
            while at < came && !(0..=at).any(|start| self.is_open(&text[start..])) {
                at = self.step(text, &occurrences, at, &mut out);
            }
            if pauses.contains(&came) {
                let limits =
                    (0..came).filter_map(|start| self.limit(text, &occurrences, at, start));
                let limit = limits.min().unwrap_or(came).min(came);
                if limit > at {
                    out.extend(&text[at..limit]);
                    early.push(at..limit);
                    at = limit;
                }
            }
            steps.push(out.clone());
        }
        (steps, early)
    }

    pub(super) fn occurrences(&self, text: &[u8]) -> Vec<Occurrence> {
        let mut all = Vec::new();
        for start in 0..text.len() {
            for (index, (pattern, _)) in self.patterns.iter().enumerate() {
                if text[start..].starts_with(pattern) {
                    all.push((start, start + pattern.len(), index));
                }
            }
        }
        all
    }

    fn step(&self, text: &[u8], occurrences: &[Occurrence], at: usize, out: &mut Vec<u8>) -> usize {
        let covering = occurrences.iter().filter(|(start, end, _)| *start <= at && *end > at);
        // Of those that reach equally far, the one that starts first.
        match covering.min_by_key(|(start, end, _)| (text.len() - end, *start)) {
            Some(&(_, end, index)) => {
                out.extend(self.patterns[index].1.bytes());
                end
            }
            None => {
                out.push(text[at]);
                at + 1
            }
        }
    }

    fn is_open(&self, end: &[u8]) -> bool {
        self.becomes(end).next().is_some()
    }

    /// The lengths of what the `end` of a text may become.
    fn becomes(&self, end: &[u8]) -> impl Iterator<Item = usize> {
        let becomes = move |p: &&[u8]| p.len() > end.len() && p.starts_with(end);
        self.patterns.iter().map(|(p, _)| *p).filter(becomes).map(<[u8]>::len)
    }

    fn limit(
        &self,
        text: &[u8],
        occurrences: &[Occurrence],
        at: usize,
        start: usize,
    ) -> Option<usize> {
        if occurrences.iter().any(|&(s, end, _)| s == start && end > at) {
            return Some(start);
        }
        self.becomes(&text[start..]).min().map(|shortest| start + shortest / 4)
    }
}
