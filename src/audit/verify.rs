//! Verifying one chain: its segments, checked side by side, against the ones around them.
//!
//! Continuity needs no key, macs do. The first damage counts: what stands after it proves
//! nothing, so its heads are not believed either.

use super::actor::Actor;
use super::checked::{ChainPlace, Checked, Following};
use super::error::AuditError;
use super::event::{Op, Outcome};
use super::expect::Expect;
use super::fault::Fault;
use super::file::Access;
use super::layout::Layout;
use super::line::{Line, split};
use super::name::{ChainName, Head};
use super::opening::{self, Opened};
use super::segments::{ChainFiles, Row};
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::many;

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
    /// Its sound lines that made sessions, or accepted a loss.
    noted: Vec<Line>,
    /// Who opened it, where line 1 is sound.
    pub(crate) opened_by: Option<Actor>,
    /// With which lines its segments begin.
    pub(crate) firsts: Vec<u64>,
    /// Up to which line others saw the chain, where no branch here ever had that.
    pub(crate) unknown: Option<u64>,
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
        self.noted.retain(|noted| noted.seq < line);
        self.head = last_head(&self.hashes);
    }

    /// What the lines say that made sessions: the keys of their chains.
    pub(crate) fn created(&self) -> impl Iterator<Item = &str> {
        self.details(&Op::SESSION_CREATE)
    }

    /// What the lines say that accepted a loss of another chain.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &str> {
        self.details(&Op::AUDIT_ACCEPT)
    }

    fn details(&self, op: &Op) -> impl Iterator<Item = &str> {
        let of = self.noted.iter().filter(|line| line.op == *op);
        let granted = of.filter(|line| line.outcome == Outcome::Granted);
        granted.filter_map(|line| line.detail.as_deref())
    }

    /// Whether the chain has this head, at its end or before; that of no line has every chain.
    pub(crate) fn has(&self, head: Option<Head>) -> bool {
        head.is_none_or(|head| self.hash(head.seq) == Some(head.hash))
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

impl ChainFiles {
    /// Verifies the chain, a segment at a time.
    ///
    /// # Errors
    /// [`AuditError::NotRegular`], [`AuditError::Unreadable`] for a segment larger than any that
    /// authy writes, [`AuditError::Io`], [`AuditError::Moving`]. Damage is in the report.
    pub(crate) fn verify(&self, expect: &Expect<'_>) -> Result<ChainReport, AuditError> {
        match self.find(Access::Read)? {
            Some(found) => verify(&found, expect),
            None => verify(&[][..], expect),
        }
    }
}

/// Verifies the segments of one chain.
///
/// # Errors
/// [`AuditError`] where one of them cannot be read.
pub(crate) fn verify<R: Row + ?Sized>(
    row: &R,
    expect: &Expect<'_>,
) -> Result<ChainReport, AuditError> {
    let firsts = row.firsts()?;
    let opening = open(row, firsts.len(), expect)?;
    let following = opening.as_ref().and_then(|(_, opened)| opened.as_ref().ok());
    let following = following.map(|opened| Following {
        actor: &opened.actor,
        chain: expect.chain,
        key: expect.key.map(ChainKey::verifier),
        in_segments: !R::IS_PUBLISHED,
    });
    let check = |buffer: &mut Vec<u8>, at: &usize| {
        let before = at.checked_sub(1).map(|before| firsts[before]);
        let opens = opening.as_ref().is_some_and(|(opens, _)| opens == at);
        let place = ChainPlace { first: firsts[*at], before };
        let bytes = row.bytes(*at, buffer)?;
        Ok::<_, AuditError>(Checked::of(bytes, place, following.as_ref(), opens))
    };
    let places: Vec<_> = (0..firsts.len()).collect();
    let checked = many::map_with(&places, Vec::new, check);

    let checked = checked.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut report = nothing(expect.chain, Verdict::Unchecked(Gap::Empty));
    let sound = match R::IS_PUBLISHED {
        true => report.lay_files(&firsts, checked),
        false => report.lay_segments(&firsts, checked),
    };
    report.head = last_head(&report.hashes);
    let opening = opening.filter(|_| sound > 0).map(|(_, opened)| opened);
    report.conclude(opening, expect);
    report.firsts = firsts;
    Ok(report)
}

/// In which segment line 1 stands, and what it comes to.
type FirstLine = (usize, Result<Opened, Fault>);

/// Checks line 1, the first line there is.
fn open(
    row: &(impl Row + ?Sized),
    count: usize,
    expect: &Expect<'_>,
) -> Result<Option<FirstLine>, AuditError> {
    let mut buffer = Vec::new();
    for at in 0..count {
        if let Some(first) = split(row.bytes(at, &mut buffer)?).0.first() {
            return Ok(Some((at, opening::check(first, expect))));
        }
    }
    Ok(None)
}

impl ChainReport {
    /// Takes the writer's segments, as far as each follows the one before; returns how many lines do.
    fn lay_segments(&mut self, firsts: &[u64], checked: Vec<Checked>) -> u64 {
        let mut layout = Layout::new(firsts);
        for segment in checked {
            self.lines += segment.hashes.len() as u64;
            if layout.lay(&segment) && !self.is_damaged() {
                self.add(segment);
            }
        }
        self.torn_tail = layout.torn_tail;
        if let Some((line, fault)) = layout.fault {
            self.damage(line, fault);
        }
        layout.lines
    }

    /// Takes published files, in the order of their first lines; returns how many lines there are.
    fn lay_files(&mut self, firsts: &[u64], checked: Vec<Checked>) -> u64 {
        for (first, file) in firsts.iter().zip(checked) {
            self.lines = self.lines.max(first - 1 + file.hashes.len() as u64);
            self.torn_tail = file.torn;
            if !self.is_damaged() {
                self.add_published(*first, file);
            }
        }
        self.lines
    }

    /// Goes on with a segment that follows the ones before.
    fn add(&mut self, segment: Checked) {
        let next = self.hashes.len() as u64 + 1;
        let ends = self.hashes.last().zip(segment.begin);
        let follows = ends.is_none_or(|(last, begin)| begin.prev == *last);
        let damage = match segment.damage {
            // Its first line's own faults name the damage better.
            Some((0, fault)) => Some((0, fault)),
            _ if !follows => Some((0, Fault::Prev)),
            damage => damage,
        };
        self.hashes.extend(segment.hashes);
        self.heads.extend(segment.said.heads);
        self.noted.extend(segment.said.noted);
        if let Some((after, fault)) = damage {
            self.damage(next + after as u64, fault);
        }
    }

    /// Goes on with a file of published lines, some of which may be there already.
    fn add_published(&mut self, first: u64, segment: Checked) {
        let known = self.hashes.len() as u64;
        if first > known + 1 {
            return self.damage(known + 1, Fault::FileMissing { next: first });
        }
        let twice = usize::try_from(known + 1 - first).unwrap_or(usize::MAX);
        let differs = (first..)
            .zip(segment.hashes.iter().take(twice))
            .find(|(number, hash)| self.hash(*number) != Some(**hash));
        if let Some((number, _)) = differs {
            return self.damage(number, Fault::ToldTwice { first });
        }
        let before = first.checked_sub(1).and_then(|number| self.hash(number));
        let follows = before.zip(segment.begin).is_none_or(|(last, begin)| begin.prev == last);
        let damage = match segment.damage {
            Some((0, fault)) => Some((0, fault)),
            _ if !follows => Some((0, Fault::Prev)),
            damage => damage,
        };
        let is_new = |line: u64| line > known;
        self.hashes.extend(segment.hashes.into_iter().skip(twice));
        self.heads.extend(segment.said.heads.into_iter().filter(|seen| is_new(seen.line)));
        self.noted.extend(segment.said.noted.into_iter().filter(|line| is_new(line.seq)));
        if let Some((after, fault)) = damage {
            self.damage(first + after as u64, fault);
        }
    }

    /// Says what the whole comes to, when every line was looked at.
    fn conclude(&mut self, opening: Option<Result<Opened, Fault>>, expect: &Expect<'_>) {
        let mut vouched = false;
        match opening {
            None => {}
            Some(Err(fault)) => self.damage(1, fault),
            Some(Ok(opened)) => {
                vouched = opened.vouched;
                self.opened_by = Some(opened.actor);
            }
        }
        if let Some(pinned) = expect.pinned {
            vouched |= self.must_have(pinned, Fault::Pin, Fault::Cut { pinned });
        }
        if !self.is_damaged() && self.lines > 0 {
            self.verdict = match (expect.key, vouched) {
                (None, _) => Verdict::Unchecked(Gap::NoKey),
                (Some(_), false) => Verdict::Unchecked(Gap::NotVouched),
                (Some(_), true) => Verdict::Verified,
            };
        }
    }
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
        noted: Vec::new(),
        opened_by: None,
        firsts: Vec::new(),
        unknown: None,
        hashes: Vec::new(),
    }
}

fn last_head(hashes: &[Digest]) -> Option<Head> {
    hashes.last().map(|hash| Head { seq: hashes.len() as u64, hash: *hash })
}
