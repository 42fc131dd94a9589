//! One segment of a chain, checked by itself.
//!
//! Everything but what lies outside of it: whether it follows the segment before is for
//! [`verify`](super::verify) to say, when all have been looked at. So a long chain is checked
//! side by side, and none of its bytes are kept.

use rayon::prelude::*;

use super::actor::Actor;
use super::event::Op;
use super::fast_line::{By, FastLine, usual};
use super::fault::Fault;
use super::line::{Line, mac_body, mac_text, split};
use super::name::ChainName;
use super::verify::Seen;
use crate::crypto::digest::Digest;
use crate::crypto::keys::Verifier;

/// Lines that one thread checks in one go.
const BATCH: usize = 512;

/// What the lines of a chain are held against, once line 1 has said who writes them.
pub(super) struct Following<'a> {
    /// The only actor that may stand in the chain.
    pub(super) actor: &'a Actor,
    /// The chain.
    pub(super) chain: &'a ChainName,
    /// Its key, where it can be had here.
    pub(super) key: Option<Verifier>,
    /// Whether files begin where segments do, which their first lines say.
    pub(super) in_segments: bool,
}

/// The place of a segment, as its name and its neighbour's say.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChainPlace {
    /// The number of its first line.
    pub(super) first: u64,
    /// That of the segment before.
    pub(super) before: Option<u64>,
}

/// What a segment came to.
#[derive(Debug)]
pub(super) struct Checked {
    /// The hashes of its whole lines.
    pub(super) hashes: Vec<Digest>,
    /// What its first line says of itself, where it can be read.
    pub(super) begin: Option<Begin>,
    /// Whether an unfinished line follows the last one.
    pub(super) torn: bool,
    /// What the sound lines up to the first damage say.
    pub(super) said: Said,
    /// The first damage: after how many lines, and what.
    pub(super) damage: Option<(usize, Fault)>,
}

/// What the first line of a segment says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    /// Its number.
    pub(super) seq: u64,
    /// The first line of the segment before.
    pub(super) after: Option<u64>,
    /// The hash of the line before.
    pub(super) prev: Digest,
}

/// What lines say of other chains.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Heads of other chains.
    pub(super) heads: Vec<Seen>,
    /// The lines that tell of other chains: that made sessions, which state the keys of their chains,
    /// and that accepted a loss.
    pub(super) noted: Vec<Line>,
}

impl Checked {
    /// Looks at the bytes of a segment. Without `following` its lines are hashed only; with
    /// `opens` its first one is line 1, which was checked before.
    pub(super) fn of(
        bytes: &[u8],
        place: ChainPlace,
        following: Option<&Following<'_>>,
        opens: bool,
    ) -> Self {
        let (lines, torn) = split(bytes);
        let hashes: Vec<_> =
            lines.par_iter().with_min_len(BATCH).map(|line| Digest::of(line)).collect();
        let first = lines.first().map(|line| (*line, Line::parse(line)));
        let begin = first.as_ref().and_then(|(_, line)| line.as_ref().ok());
        let begin = begin.map(|line| Begin { seq: line.seq, after: line.after, prev: line.prev });
        let mut checked = Self { hashes, begin, torn, said: Said::default(), damage: None };
        let (Some(following), Some((bytes, line))) = (following, first) else { return checked };
        if !opens {
            let sound = line.and_then(|line| {
                following.check(place.first, place.before, bytes, &line)?;
                Ok(line)
            });
            match sound {
                Ok(line) => checked.said.add(line),
                Err(fault) => {
                    checked.damage = Some((0, fault));
                    return checked;
                }
            }
        }
        checked.check_rest(&lines, place.first, following);
        checked
    }

    /// Checks every line but the first.
    fn check_rest(&mut self, lines: &[&[u8]], first: u64, following: &Following<'_>) {
        let hashes = &self.hashes;
        let batches: Vec<_> = lines
            .par_chunks(BATCH)
            .enumerate()
            .map(|(n, batch)| following.check_batch(n * BATCH, first, batch, hashes))
            .collect();
        for (said, damage) in batches {
            self.said.heads.extend(said.heads);
            self.said.noted.extend(said.noted);
            if damage.is_some() {
                self.damage = damage;
                break;
            }
        }
    }
}

impl Said {
    fn add(&mut self, line: Line) {
        let seen = |(chain, head): (&ChainName, &_)| Seen {
            line: line.seq,
            chain: chain.clone(),
            head: *head,
        };
        self.heads.extend(line.heads.iter().map(seen));
        if is_noted(line.op.as_str()) {
            self.noted.push(line);
        }
    }
}

impl Following<'_> {
    /// Checks lines that stand after `start` others in a segment that begins with line `first`.
    fn check_batch(
        &self,
        start: usize,
        first: u64,
        batch: &[&[u8]],
        hashes: &[Digest],
    ) -> (Said, Option<(usize, Fault)>) {
        let mut said = Said::default();
        let mut buffer = Vec::new();
        for (at, bytes) in (start..).zip(batch) {
            // The first line of a segment has its own check.
            let Some(previous) = at.checked_sub(1).map(|before| &hashes[before]) else { continue };
            // A name may hold any number; where it is not the place's, nothing here counts.
            let number = first.saturating_add(at as u64);
            if self.usual(number, bytes, previous).is_some_and(|line| !is_noted(line.op)) {
                continue;
            }
            let line = Line::parse_with(bytes, &mut buffer).and_then(|line| {
                self.check(number, None, bytes, &line)?;
                if line.prev == *previous { Ok(line) } else { Err(Fault::Prev) }
            });
            match line {
                Ok(line) => said.add(line),
                Err(fault) => return (said, Some((at, fault))),
            }
        }
        (said, None)
    }

    /// A usual line with nothing wrong. What is not says [`Self::check`].
    fn usual<'l>(&self, number: u64, bytes: &'l [u8], previous: &Digest) -> Option<FastLine<'l>> {
        let line = usual(bytes)?;
        let by = match self.actor {
            Actor::Member { name, .. } => By::Member(name.as_str()),
            Actor::Token { id, .. } => By::Token(id),
        };
        let is_sound = line.seq == number
            && line.by == by
            && previous.is_hex(line.prev)
            && self.key.as_ref().is_none_or(|key| key.verifies(mac_body(bytes), mac_text(bytes)));
        is_sound.then_some(line)
    }

    /// Checks number, mac and actor, in the order that names a damage best; and that a line
    /// begins a segment, after one that begins with line `before`, if it ought to.
    fn check(
        &self,
        number: u64,
        before: Option<u64>,
        bytes: &[u8],
        line: &Line,
    ) -> Result<(), Fault> {
        if line.seq != number {
            return Err(Fault::Sequence { found: line.seq });
        }
        if self.key.as_ref().is_some_and(|key| !key.verifies(mac_body(bytes), mac_text(bytes))) {
            return Err(Fault::Mac);
        }
        if !line.actor.is(self.actor) {
            return Err(Fault::Actor);
        }
        match line.chain.as_ref() {
            Some(found) if found != self.chain => Err(Fault::WrongChain { found: found.clone() }),
            _ if self.in_segments && line.after != before => Err(Fault::SegmentBegin),
            _ => Ok(()),
        }
    }
}

fn is_noted(op: &str) -> bool {
    [Op::SESSION_CREATE, Op::AUDIT_ACCEPT].iter().any(|noted| noted.as_str() == op)
}
