//! Verifying one chain: every line against its place, the line before it, and the key, and
//! every segment against the ones around it.
//!
//! Continuity needs no key, macs do. The first damage counts: what stands after it proves
//! nothing, so its heads are not believed either.

use rayon::prelude::*;

use super::actor::Actor;
use super::expect::Expect;
use super::fault::Fault;
use super::layout::{Layout, lay_out};
use super::line::{Line, mac_body, mac_text};
use super::name::{ChainName, Head};
use super::opening;
use super::segments::Segment;
use super::usual::{By, usual};
use crate::crypto::digest::Digest;
use crate::crypto::keys::{ChainKey, Verifier};

/// Lines that one thread checks in one go.
const BATCH: usize = 512;

/// What verification says of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every line is its writer's, in order, down to the pinned head and beyond.
    Verified,
    /// Nothing is wrong as far as can be seen here.
    Unchecked(Gap),
    /// Something is wrong.
    Damaged {
        /// The first damaged place, from 1; one past the end where lines are missing.
        line: u64,
        /// What is wrong there.
        fault: Fault,
    },
}

/// Why a chain cannot be checked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Gap {
    /// Its key cannot be had here.
    #[error("its key is not readable here")]
    NoKey,
    /// The lines fit the key, but nothing trusted says that the key is the chain's.
    #[error("nothing signed vouches for its key yet")]
    NotVouched,
    /// Not one whole line.
    #[error("it has no line yet")]
    Empty,
}

/// The head of another chain, as a line of this one saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// In which line.
    pub(crate) line: u64,
    /// Which chain.
    pub(crate) chain: ChainName,
    /// Its head then.
    pub(crate) head: Head,
}

/// The result of verifying one chain.
#[derive(Debug)]
pub(crate) struct ChainReport {
    /// The chain's name.
    pub(crate) chain: ChainName,
    /// How many whole lines its segments have.
    pub(crate) lines: u64,
    /// Its last sound line: what to pin, if the verdict is `Verified`.
    pub(crate) head: Option<Head>,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// Whether an unfinished line follows, which nobody was promised.
    pub(crate) torn_tail: bool,
    /// Heads of other chains that its sound lines name.
    pub(crate) heads: Vec<Seen>,
    /// Who opened it, where line 1 is sound.
    pub(crate) opened_by: Option<Actor>,
    /// With which lines its segments begin.
    pub(crate) firsts: Vec<u64>,
    /// The hashes of the sound lines.
    pub(super) hashes: Vec<Digest>,
}

impl ChainReport {
    /// Whether something is wrong.
    pub(crate) const fn is_damaged(&self) -> bool {
        matches!(self.verdict, Verdict::Damaged { .. })
    }

    /// Notes a damage at `line`, unless one is known at or before it.
    pub(super) fn damage(&mut self, line: u64, fault: Fault) {
        if let Verdict::Damaged { line: known, .. } = self.verdict
            && known <= line
        {
            return;
        }
        self.verdict = Verdict::Damaged { line, fault };
        self.hashes.truncate(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX));
        self.heads.retain(|seen| seen.line < line);
        self.head = last_head(&self.hashes);
    }

    /// Notes that the chain's key file does not open for its own writer: nothing vouches for any
    /// line then.
    pub(crate) fn has_no_key(&mut self, file: String) {
        if self.lines > 0 {
            self.damage(1, Fault::KeyFile { file });
        }
    }

    /// The hash of sound line `seq`.
    pub(super) fn hash(&self, seq: u64) -> Option<Digest> {
        self.hashes.get(usize::try_from(seq.checked_sub(1)?).ok()?).copied()
    }

    /// Compares with a head known from elsewhere: a damage where the chain differs or ends
    /// before it; true where it is there.
    pub(super) fn must_have(&mut self, known: Head, differs: Fault, cut: Fault) -> bool {
        match self.hash(known.seq) {
            Some(hash) if hash == known.hash => return true,
            Some(_) => self.damage(known.seq, differs),
            None => self.damage(self.hashes.len() as u64 + 1, cut),
        }
        false
    }
}

/// Verifies the segments of one chain.
pub(crate) fn verify(segments: &[Segment], expect: &Expect<'_>) -> ChainReport {
    let layout = lay_out(segments);
    let lines = &layout.lines;
    let hashes: Vec<_> =
        lines.par_iter().with_min_len(BATCH).map(|line| Digest::of(line)).collect();
    let mut report = ChainReport {
        lines: layout.count,
        head: last_head(&hashes),
        torn_tail: layout.torn_tail,
        firsts: segments.iter().map(|segment| segment.first).collect(),
        hashes,
        ..nothing(expect.chain, Verdict::Unchecked(Gap::Empty))
    };
    let mut vouched = false;
    match lines.first().map(|first| opening::check(first, expect)) {
        None => {}
        Some(Err(fault)) => report.damage(1, fault),
        Some(Ok(opened)) => {
            vouched = opened.vouched;
            let following = Following {
                actor: &opened.actor,
                chain: expect.chain,
                key: expect.key.map(ChainKey::verifier),
                layout: &layout,
            };
            check_rest(&mut report, lines, &following);
            report.opened_by = Some(opened.actor);
        }
    }
    if let Some((line, fault)) = layout.fault.clone() {
        report.damage(line, fault);
    }
    if let Some(pinned) = expect.pinned {
        vouched |= report.must_have(pinned, Fault::Pin, Fault::Cut { pinned });
    }
    if !report.is_damaged() && report.lines > 0 {
        report.verdict = match (expect.key, vouched) {
            (None, _) => Verdict::Unchecked(Gap::NoKey),
            (Some(_), false) => Verdict::Unchecked(Gap::NotVouched),
            (Some(_), true) => Verdict::Verified,
        };
    }
    report
}

/// The report on a chain whose files are gone although its head was pinned here.
pub(crate) fn missing(chain: &ChainName, pinned: Head) -> ChainReport {
    nothing(chain, Verdict::Damaged { line: 1, fault: Fault::Missing { pinned } })
}

/// The report on a chain without a line.
pub(super) fn nothing(chain: &ChainName, verdict: Verdict) -> ChainReport {
    ChainReport {
        chain: chain.clone(),
        lines: 0,
        head: None,
        verdict,
        torn_tail: false,
        heads: Vec::new(),
        opened_by: None,
        firsts: Vec::new(),
        hashes: Vec::new(),
    }
}

/// What every line after the first is held against.
struct Following<'a> {
    actor: &'a Actor,
    chain: &'a ChainName,
    key: Option<Verifier>,
    layout: &'a Layout<'a>,
}

/// What a batch of lines yields: heads up to the first damage, and that damage.
type Batch = (Vec<Seen>, Option<(u64, Fault)>);

fn check_rest(report: &mut ChainReport, lines: &[&[u8]], following: &Following<'_>) {
    let hashes = &report.hashes;
    let batches: Vec<Batch> = lines
        .par_chunks(BATCH)
        .enumerate()
        .map(|(n, batch)| check_batch(n * BATCH, batch, hashes, following))
        .collect();
    for (heads, damage) in batches {
        report.heads.extend(heads);
        if let Some((line, fault)) = damage {
            report.damage(line, fault);
            break;
        }
    }
}

fn check_batch(
    start: usize,
    batch: &[&[u8]],
    hashes: &[Digest],
    following: &Following<'_>,
) -> Batch {
    let mut seen = Vec::new();
    let mut buffer = Vec::new();
    for (at, bytes) in (start..).zip(batch) {
        let number = at as u64 + 1;
        // Line 1 was checked before; it has nothing to follow and names no heads.
        let Some(previous) = at.checked_sub(1).map(|before| &hashes[before]) else { continue };
        if following.is_usual(number, bytes, previous) {
            continue;
        }
        let line = Line::parse_with(bytes, &mut buffer)
            .and_then(|line| following.check(number, bytes, line))
            .and_then(|line| if line.prev == *previous { Ok(line) } else { Err(Fault::Prev) });
        match line {
            Ok(line) => seen.extend(line.heads.into_iter().map(|(chain, head)| Seen {
                line: number,
                chain,
                head,
            })),
            Err(fault) => return (seen, Some((number, fault))),
        }
    }
    (seen, None)
}

impl Following<'_> {
    /// Whether this is a usual line with nothing wrong. What is not says [`Self::check`].
    fn is_usual(&self, number: u64, bytes: &[u8], previous: &Digest) -> bool {
        let Some(line) = usual(bytes) else { return false };
        let by = match self.actor {
            Actor::Member { name } => By::Member(name.as_str()),
            Actor::Token { id, .. } => By::Token(id),
        };
        line.seq == number
            && line.by == by
            && previous.is_hex(line.prev)
            && self.layout.before(number).is_none()
            && self.key.as_ref().is_none_or(|key| key.verifies(mac_body(bytes), mac_text(bytes)))
    }

    /// Checks number, mac and actor, in the order that names a damage best.
    fn check(&self, number: u64, bytes: &[u8], line: Line) -> Result<Line, Fault> {
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
            Some(found) if found != self.chain => {
                return Err(Fault::WrongChain { found: found.clone() });
            }
            _ if line.after != self.layout.before(number) => return Err(Fault::SegmentBegin),
            _ => {}
        }
        Ok(line)
    }
}

fn last_head(hashes: &[Digest]) -> Option<Head> {
    hashes.last().map(|hash| Head { seq: hashes.len() as u64, hash: *hash })
}
