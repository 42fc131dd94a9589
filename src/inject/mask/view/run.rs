//! Views of runs of hex digits or base64 letters, over the ends of lines where they are broken.

use zeroize::Zeroizing;

use super::View;
use super::letters::Alphabet;
use super::map::Map;
use super::phase::Phase;
use super::rows::{Next, Rows};
use crate::inject::mask::Masker;
use crate::inject::mask::finder::Found;
use crate::inject::mask::text::{Part, Scratch};

/// One such view.
pub(super) struct Run {
    alphabet: Alphabet,
    depth: u8,
    /// Up to where the text was looked at: outside of runs, up to what could become one.
    seen: usize,
    is_active: bool,
    /// Whether what is behind `seen` could become a run.
    is_open: bool,
    rows: Rows,
    /// How many letters there were, in all runs, and from letters to places in the text.
    letters: usize,
    map: Map,
    /// What they say, by where bytes begin; made when needed.
    phases: Vec<Phase>,
    /// Found, and it may be that the run ends with it.
    late: Vec<Late>,
    values: Scratch,
    bytes: Scratch,
    found: Vec<Found>,
}

struct Late {
    phase: usize,
    found: Found,
}

impl Run {
    /// Those of a text of this depth.
    pub(super) fn all(depth: u8) -> impl Iterator<Item = Self> {
        Alphabet::ALL.into_iter().map(move |alphabet| Self {
            alphabet,
            depth,
            seen: 0,
            is_active: false,
            is_open: false,
            rows: Rows::new(alphabet),
            letters: 0,
            map: Map::default(),
            phases: Vec::new(),
            late: Vec::new(),
            values: Scratch::default(),
            bytes: Scratch::default(),
            found: Vec::new(),
        })
    }

    /// Looks for a run.
    fn begin(&mut self, text: Part<'_>, masker: &Masker) -> bool {
        match self.alphabet.find(text.from(self.seen)) {
            Ok(start) => {
                self.seen += start;
                let before = text.between(text.base(), self.seen);
                self.seen += self.alphabet.mark(text.from(self.seen), before, text.base() == 0);
            }
            Err(tail) => {
                self.seen = if text.ended { text.end } else { self.seen + tail };
                self.is_open = self.seen < text.end;
                return false;
            }
        }
        if self.phases.is_empty() {
            let phase = |_| Phase::new(masker, self.alphabet, self.depth + 1);
            self.phases.extend((0..self.alphabet.group()).map(phase));
        }
        for (skip, phase) in self.phases.iter_mut().enumerate() {
            phase.restart(self.letters, skip);
        }
        self.rows.begin();
        self.rows.remember(text.between(text.base(), self.seen), text.base() == 0);
        self.map.clear();
        self.is_active = true;
        true
    }

    /// Reads up to the end of the run, or of the text; tells how much padding follows the run.
    fn read(&mut self, text: Part<'_>) -> Option<usize> {
        while self.seen < text.end {
            let rest = text.from(self.seen);
            let values = self.values.empty(rest.len());
            self.alphabet.values(rest, values);
            if !values.is_empty() {
                self.map.plain(self.letters, self.seen);
                for phase in &mut self.phases {
                    phase.push(values, self.bytes.empty(values.len()));
                }
                self.letters += values.len();
                self.seen += values.len();
                self.rows.letters(values.len());
                continue;
            }
            match self.rows.next(rest, text.ended) {
                Next::Over(width) => self.seen += width,
                Next::End(padding) => {
                    self.seen += padding;
                    return Some(padding);
                }
                Next::Open => return None,
            }
        }
        text.ended.then_some(0)
    }

    /// Looks into what the letters say; where the run ended, so much padding follows.
    fn look(&mut self, masker: &Masker, padding: Option<usize>, out: &mut Vec<Found>) {
        let mut keep = self.letters;
        for (at, phase) in self.phases.iter_mut().enumerate() {
            let is_clean = padding.is_some() && phase.flush();
            self.found.clear();
            phase.node.proceed(masker, padding.is_some(), &mut self.found);
            let text = phase.node.finder().text();
            let found = self.found.drain(..).map(|found| Late { phase: at, found });
            self.late.extend(found);
            self.late.retain(|Late { phase: of, found }| {
                if *of != at {
                    return true;
                }
                let is_last = matches!(text.from(found.end), b"" | b"\n" | b"\r" | b"\r\n");
                if is_last && padding.is_none() {
                    return true;
                }
                let end = match padding {
                    // With what an `echo` added, and the padding.
                    Some(padding) if is_last && is_clean => self.map.end(self.letters) + padding,
                    _ => self.map.end(phase.end(found.end)),
                };
                out.push(Found { start: self.map.start(phase.start(found.start)), end, ..*found });
                false
            });
            let undecided = phase.node.undecided();
            keep = keep.min(phase.start(undecided.min(text.base())));
            phase.node.forget(masker, undecided);
        }
        self.map.forget(keep);
    }

    /// The first letter at which something could still start.
    fn open(&self) -> usize {
        let open = self.phases.iter().map(|phase| phase.start(phase.node.undecided()));
        open.chain(self.late()).min().unwrap_or(self.letters)
    }

    fn late(&self) -> impl Iterator<Item = usize> {
        self.late.iter().map(|late| self.phases[late.phase].start(late.found.start))
    }

    /// What silence shows where letters are too few as yet to be read.
    fn open_limit(&self, text: Part<'_>, masker: &Masker, most: usize) -> usize {
        let rest = text.from(self.seen);
        let letters = rest.iter().enumerate().filter(|(_, byte)| self.alphabet.has(**byte));
        let places: Vec<usize> = letters.map(|(at, _)| at).collect();
        let mut values = Zeroizing::new(Vec::with_capacity(rest.len()));
        places.iter().for_each(|at| self.alphabet.values(&rest[*at..=*at], &mut values));
        let needles = masker.means.in_letters(self.alphabet);
        let limits = (0..values.len()).filter_map(|start| {
            let shortest = needles.open(&values[start..])?;
            places.get(start + (shortest / 4).min(most))
        });
        limits.min().map_or(usize::MAX, |at| self.seen + at)
    }
}

impl View for Run {
    fn proceed(&mut self, text: Part<'_>, masker: &Masker, out: &mut Vec<Found>) {
        while self.is_active || self.begin(text, masker) {
            let padding = self.read(text);
            self.look(masker, padding, out);
            if padding.is_none() {
                return;
            }
            self.is_active = false;
        }
    }

    fn undecided(&self) -> usize {
        if !self.is_active {
            return if self.is_open { self.seen } else { usize::MAX };
        }
        let letter = self.open();
        if letter < self.letters { self.map.start(letter) } else { usize::MAX }
    }

    fn limit(&self, text: Part<'_>, masker: &Masker, shown: usize, most: usize) -> usize {
        if !self.is_active {
            return if self.is_open { self.open_limit(text, masker, most) } else { usize::MAX };
        }
        let open = self.phases.iter().map(|phase| {
            let limit = phase.node.limit(masker, 0, most);
            if limit < phase.node.end() { phase.start(limit) } else { self.letters }
        });
        let letter = open.chain(self.late()).min().unwrap_or(self.letters);
        if letter < self.letters { self.map.start(letter).max(shown) } else { usize::MAX }
    }

    fn seen(&self) -> usize {
        self.seen
    }

    fn restart(&mut self, place: usize) {
        self.seen = place;
        self.is_active = false;
        self.is_open = false;
        self.late.clear();
    }
}
