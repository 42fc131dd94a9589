//! Verifying the audit trail: where its chains lie, which keys are at hand, what vouches for
//! them, and what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::clone::clone_key;
use super::keys::Keys;
use super::loss::{Acceptance, Loss, is_loss};
use super::other_lines::OtherLines;
use super::session_line::parse_created_line;
use super::trail::{ChainCopies, trail};
use crate::access::{Bearer, Caller};
use crate::audit::{self, Actor, ChainName, ChainReport, Expect, Fault, Head, LinePlace, Verdict};
use crate::crypto::digest::Digest;
use crate::fs::{self, Lock};
use crate::kind::Kind;
use crate::name::SessionId;
use crate::service::base::{Context, IdentitySource, LOCK_WAIT, Result, Snapshot};
use crate::service::identity::authenticate::authenticate;
use crate::store::OwnHead;
use crate::words::words;

/// What verification found, chain by chain.
#[derive(Debug, Clone)]
pub struct VerifyReport {
    /// Every chain, sorted by name.
    pub chains: Vec<ChainSummary>,
}

impl VerifyReport {
    /// Whether any chain is damaged.
    pub fn is_damaged(&self) -> bool {
        self.chains.iter().any(|chain| chain.status == ChainStatus::Damaged)
    }
}

words! {
    /// What verification found of a chain.
    pub enum ChainStatus {
        /// Every line is what its writer wrote.
        Verified = "verified",
        /// Its key cannot be had here.
        Unchecked = "unchecked",
        /// A line is not.
        Damaged = "damaged",
    }
}

/// What verification found in one chain.
#[derive(Debug, Clone, Serialize)]
pub struct ChainSummary {
    /// The chain's name.
    pub chain: String,
    /// How many whole lines it has.
    pub lines: u64,
    /// `verified`, `unchecked` (its key cannot be had here) or `damaged`.
    pub status: ChainStatus,
    /// The first damaged line, from 1.
    pub line: Option<u64>,
    /// What is wrong there, or why it is unchecked.
    pub fault: Option<String>,
    /// Whether an unfinished line follows, which nobody was promised; the next line mends it.
    pub torn_tail: bool,
    /// The segment with the damaged line, or the last one; `None` where the chain has no file.
    pub file: Option<PathBuf>,
    /// Losses that an admin has accepted, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// Up to which line other chains saw this one, where no branch here ever had that: it is in a branch
    /// that was not fetched, or will be published by the clone that wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
    /// Whether published files are missing, and later ones are there.
    #[serde(skip)]
    pub(crate) is_hole: bool,
    /// The end of the chain, where that is gone.
    #[serde(skip)]
    pub(crate) lost: Option<Loss>,
}

/// Verifies every chain, as far as the keys at hand reach; heads that verify are noted to be
/// pinned.
///
/// # Errors
/// An identity that was named and cannot be used; no vault. Damage is in the report.
pub(crate) fn verify_all(
    ctx: &Context,
    opened: &Snapshot,
    bearer: Option<Arc<Bearer>>,
) -> Result<VerifyReport> {
    let caller = match bearer {
        Some(_) => None,
        None => caller_if_any(ctx, opened)?,
    };
    // Under the lock, so that no commit names a head between two of these reads; whoever
    // cannot lock cannot write either.
    let _lock = Lock::acquire(opened.vault.root(), LOCK_WAIT).ok();
    let mut all = Verification::of(opened, Keys { caller, bearer })?;
    all.keys.prepare(&all.places)?;
    all.verify_each(ctx)?;
    all.leave_out_accepted()?;
    all.compare();
    all.note_heads();
    Ok(VerifyReport { chains: all.summaries() })
}

/// Every chain, and what was found.
struct Verification<'v> {
    opened: &'v Snapshot,
    places: Vec<ChainCopies>,
    keys: Keys,
    lines: OtherLines<'v>,
    /// The keys of sessions' chains, as far as something vouches for them.
    vouchers: BTreeMap<SessionId, Digest>,
    reports: Vec<ChainReport>,
    /// Published files that tell something else than the writer's.
    files: BTreeMap<ChainName, PathBuf>,
    accepted: Vec<Acceptance>,
    /// By what this clone is known again.
    clone: String,
}

impl<'v> Verification<'v> {
    fn of(opened: &'v Snapshot, keys: Keys) -> Result<Self> {
        Ok(Self {
            opened,
            places: trail(opened)?,
            keys,
            lines: OtherLines::of(opened),
            vouchers: of_grants(opened)?,
            reports: Vec::new(),
            files: BTreeMap::new(),
            accepted: Vec::new(),
            clone: clone_key(opened.vault.root().path()),
        })
    }

    /// What was verified of a chain before: what was published of it, and the rest where this clone wrote
    /// it. The rest of a chain lies in the clone that writes it, which may be another one of this machine.
    fn pinned(&self, chain: &ChainName) -> Option<Head> {
        let pins = self.opened.vault.pins();
        let published = pins.heads().get(chain.as_str());
        let own = pins.own_heads(&self.clone).filter(|own| own.chain == chain.as_str());
        let heads = published.into_iter().chain(own.map(|own| &own.head));
        heads.filter_map(|head| Head::parse(head)).max_by_key(|head| head.seq)
    }

    fn about(&self, chain: &ChainName, pinned: Option<Head>) -> About {
        let commitment = session_of(chain).and_then(|id| self.vouchers.get(&id).copied());
        About { commitment, pinned }
    }

    fn verify_each(&mut self, ctx: &Context) -> Result<()> {
        // Members first: their lines vouch for the keys of the sessions they made.
        let (sessions, members): (Vec<_>, Vec<_>) =
            (0..self.places.len()).partition(|at| session_of(&self.places[*at].chain).is_some());
        for at in members.into_iter().chain(sessions) {
            let place = &self.places[at];
            let mut pinned = self.pinned(&place.chain);
            if let Some(head) = pinned
                && place.own.is_none()
                && place.head().ok().flatten().is_none_or(|here| here.seq < head.seq)
                && self.lines.are_elsewhere(&place.chain, head.seq)
            {
                pinned = None;
            }
            let about = self.about(&place.chain, pinned);
            let (report, file) = verify(self.opened, place, &self.keys, about)?;
            self.files.extend(file.map(|file| (place.chain.clone(), file)));
            if report.verdict == Verdict::Verified {
                // What signed grants state too, and those that are gone stated.
                self.vouchers.extend(report.created().filter_map(parse_created_line));
            }
            self.reports.push(report);
            ctx.front.progress(self.reports.len(), self.places.len());
        }
        Ok(())
    }

    /// Looks again, without what was verified before, at chains whose loss an admin has accepted.
    fn leave_out_accepted(&mut self) -> Result<()> {
        let mut accepted = accepted(self.opened, &self.reports);
        accepted.retain(|accepted| {
            let report = self.reports.iter().find(|report| report.chain == accepted.chain);
            report.map_or(accepted.loss.after.is_none(), |report| report.has(accepted.loss.after))
        });
        self.accepted = accepted;
        for at in 0..self.reports.len() {
            let report = &self.reports[at];
            let place = self.places.iter().find(|place| place.chain == report.chain);
            let is_lost =
                matches!(&report.verdict, Verdict::Damaged { fault, .. } if is_loss(fault));
            if let (Some(place), Some(head), true) = (place, self.pinned(&report.chain), is_lost)
                && self.is_accepted(&report.chain, head.seq)
            {
                let about = self.about(&place.chain, None);
                self.reports[at] = verify(self.opened, place, &self.keys, about)?.0;
            }
        }
        Ok(())
    }

    fn is_accepted(&self, chain: &ChainName, line: u64) -> bool {
        self.accepted.iter().any(|accepted| accepted.covers(chain, line))
    }

    /// Holds the chains against each other, and against those that were there.
    fn compare(&mut self) {
        let mut reports = std::mem::take(&mut self.reports);
        let pins = self.opened.vault.pins();
        let own = pins.own_heads(&self.clone).map(|own| &own.chain);
        let known: BTreeSet<&String> = pins.heads().keys().chain(own).collect();
        for chain in known {
            let is_gone = |chain: &ChainName| self.places.iter().all(|p| p.chain != *chain);
            let chain = ChainName::parse(chain).filter(is_gone);
            let head = chain.as_ref().and_then(|chain| self.pinned(chain));
            if let (Some(chain), Some(head)) = (chain, head)
                && !self.is_accepted(&chain, head.seq)
                && !self.lines.are_elsewhere(&chain, head.seq)
            {
                reports.push(audit::missing(&chain, head));
            }
        }
        audit::cross_check(&mut reports, &|chain, line| match self.is_accepted(chain, line) {
            true => LinePlace::Elsewhere,
            false => self.lines.place(chain, line),
        });
        self.reports = reports;
    }

    /// Notes the heads of chains that verify, to be pinned.
    fn note_heads(&self) {
        for report in &self.reports {
            let place = self.places.iter().find(|place| place.chain == report.chain);
            if let (Verdict::Verified, Some(head), Some(place)) =
                (&report.verdict, report.head, place)
                && self.pinned(&report.chain).is_none_or(|pinned| pinned.seq <= head.seq)
            {
                let (pins, chain) = (self.opened.vault.pins(), report.chain.as_str());
                if !place.is_of_this_clone() {
                    pins.raise_head(chain, head.to_string());
                    continue;
                }
                if let Ok(Some(published)) = place.published_head() {
                    pins.raise_head(chain, published.to_string());
                }
                let (clone, chain, head) = (self.clone.clone(), chain.to_owned(), head.to_string());
                pins.raise_own_head(OwnHead { clone, chain, head });
            }
        }
    }

    fn summaries(&self) -> Vec<ChainSummary> {
        let mut chains: Vec<_> = self.reports.iter().map(|report| self.summary(report)).collect();
        chains.sort_by(|a, b| a.chain.cmp(&b.chain));
        chains
    }

    fn summary(&self, report: &ChainReport) -> ChainSummary {
        let (status, line, fault) = match &report.verdict {
            Verdict::Verified => (ChainStatus::Verified, None, None),
            Verdict::Unchecked(gap) => (ChainStatus::Unchecked, None, Some(gap.to_string())),
            Verdict::Damaged { line, fault } => {
                (ChainStatus::Damaged, Some(*line), Some(fault.to_string()))
            }
        };
        let lost = match &report.verdict {
            Verdict::Damaged { line, fault } if is_loss(fault) => {
                let last = self.last_known(&report.chain).max(*line);
                Some(Loss { first: *line, last, after: report.head })
            }
            _ => None,
        };
        let of_chain = self.accepted.iter().filter(|accepted| accepted.chain == report.chain);
        let told = of_chain.map(|Acceptance { loss, reason, .. }| match loss.last - loss.first {
            0 => format!("line {} is lost, and that is accepted: {reason}", loss.first),
            _ => format!(
                "lines {} to {} are lost, and that is accepted: {reason}",
                loss.first, loss.last
            ),
        });
        let place = self.places.iter().find(|place| place.chain == report.chain);
        let holding = || place.and_then(|place| place.holding(report));
        ChainSummary {
            chain: report.chain.to_string(),
            lines: report.lines,
            status,
            line,
            fault,
            torn_tail: report.torn_tail,
            file: self.files.get(&report.chain).cloned().or_else(holding),
            accepted: told.reduce(|all, one| format!("{all}; {one}")),
            unknown: report.unknown,
            is_hole: matches!(
                &report.verdict,
                Verdict::Damaged { fault: Fault::FileMissing { .. }, .. }
            ),
            lost,
        }
    }

    /// The last line of a chain that this machine has verified, or that a sound chain saw.
    fn last_known(&self, chain: &ChainName) -> u64 {
        let sound = self.reports.iter().filter(|report| !report.is_damaged());
        let seen = sound.flat_map(|report| &report.heads).filter(|seen| seen.chain == *chain);
        let pinned = self.pinned(chain).map(|head| head.seq);
        seen.map(|seen| seen.head.seq).chain(pinned).max().unwrap_or(0)
    }
}

/// What admins have accepted, in chains in which nothing is damaged.
fn accepted(opened: &Snapshot, reports: &[ChainReport]) -> Vec<Acceptance> {
    let by_admin = |report: &&ChainReport| match &report.opened_by {
        Some(Actor::Member { name, .. }) => opened.rules.is_admin(name) && !report.is_damaged(),
        _ => false,
    };
    let chains = reports.iter().filter(by_admin);
    chains.flat_map(|report| report.accepted().filter_map(Acceptance::parse)).collect()
}

/// The caller, if there is one: verifying needs no identity, but one that was named counts.
pub(crate) fn caller_if_any(ctx: &Context, opened: &Snapshot) -> Result<Option<Caller>> {
    match authenticate(ctx, &opened.rules) {
        Ok(caller) => Ok(Some(caller)),
        Err(error)
            if matches!(ctx.identity, IdentitySource::Default)
                && matches!(error.kind(), Kind::Credentials | Kind::Denied | Kind::Damaged) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What is known of a chain from elsewhere.
#[derive(Clone, Copy)]
struct About {
    commitment: Option<Digest>,
    pinned: Option<Head>,
}

/// Verifies the writer's own lines where they are here, and what is published against them. With a file
/// that tells something else than they do.
fn verify(
    opened: &Snapshot,
    place: &ChainCopies,
    keys: &Keys,
    about: About,
) -> Result<(ChainReport, Option<PathBuf>)> {
    let key = keys.of(place);
    let signer = |name: &_| opened.rules.verify_keys(name);
    let expect = Expect {
        chain: &place.chain,
        vault: opened.vault.id(),
        key: key.as_ref(),
        commitment: about.commitment,
        signer: &signer,
        pinned: about.pinned,
    };
    let (mut report, mut file) = match &place.own {
        Some(own) => (own.verify(&expect)?, None),
        None => (place.published()?.verify(&expect)?, None),
    };
    if let Some(own) = &place.own
        && place.is_published
    {
        file = place.published()?.compare(&mut report, &own.cuts()?)?;
    }
    // What others go by has to be it as well.
    if keys.must_have(place) && !key.as_ref().is_some_and(|key| keys.is_published(key, place)) {
        report.has_no_key(fs::chain_key_file(place.chain.as_str()));
    }
    Ok((report, file))
}

/// The session that writes this chain, by its name `s-<id>-<clone id>`.
pub(crate) fn session_of(chain: &ChainName) -> Option<SessionId> {
    let (id, _) = chain.as_str().strip_prefix("s-")?.split_once('-')?;
    SessionId::parse(id).ok()
}

/// The commitments to chain keys that signed grants state.
fn of_grants(opened: &Snapshot) -> Result<BTreeMap<SessionId, Digest>> {
    let mut all = BTreeMap::new();
    for place in opened.vault.sessions()? {
        if let Ok(Some(grant)) = opened.vault.grant(&place, &opened.rules.creator_key()) {
            all.insert(place.id, grant.chain);
        }
    }
    Ok(all)
}
