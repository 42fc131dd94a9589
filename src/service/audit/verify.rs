//! Verifying the audit trail: where its chains lie, which keys are at hand, what vouches for
//! them, and what was found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::loss::{Acceptance, Loss, is_loss};
use super::recorder::MAX_KEY;
use super::session_line::parse_created_line;
use super::trail::{ChainCopies, trail};
use crate::access::{Bearer, Caller};
use crate::audit::{self, Actor, ChainName, ChainReport, Expect, Head, LinePlace, Verdict};
use crate::crypto::decrypt;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::fs::{self, Lock};
use crate::kind::Kind;
use crate::name::SessionId;
use crate::service::base::{Context, IdentitySource, LOCK_WAIT, Result, Snapshot};
use crate::service::identity::authenticate::authenticate;
use crate::store::BranchSide;
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
    let places = trail(opened)?;
    let lines = OtherLines::of(opened);
    let pinned = |chain: &ChainName| Head::parse(opened.vault.pins().heads().get(chain.as_str())?);
    let keys = Keys { caller, bearer };
    let mut vouchers = of_grants(opened)?;
    let (mut reports, mut files) = (Vec::new(), BTreeMap::new());
    // Members first: their lines vouch for the keys of the sessions they made.
    let (sessions, members): (Vec<_>, Vec<_>) =
        places.iter().partition(|place| session_of(&place.chain).is_some());
    for place in members.into_iter().chain(sessions) {
        let commitment = session_of(&place.chain).and_then(|id| vouchers.get(&id).copied());
        let mut pinned = pinned(&place.chain);
        if let Some(head) = pinned
            && place.own.is_none()
            && place.head().ok().flatten().is_none_or(|here| here.seq < head.seq)
            && lines.are_elsewhere(&place.chain, head.seq)
        {
            pinned = None;
        }
        let about = About { commitment, pinned };
        let (report, file) = verify(opened, place, &keys, about)?;
        files.extend(file.map(|file| (place.chain.clone(), file)));
        if report.verdict == Verdict::Verified {
            // What signed grants state too, and those that are gone stated.
            vouchers.extend(report.created().filter_map(parse_created_line));
        }
        reports.push(report);
        ctx.front.progress(reports.len(), places.len());
    }
    let mut accepted = accepted(opened, &reports);
    accepted.retain(|accepted| {
        let report = reports.iter().find(|report| report.chain == accepted.chain);
        report.map_or(accepted.loss.after.is_none(), |report| report.has(accepted.loss.after))
    });
    let is_known = |chain: &ChainName, line| {
        accepted.iter().any(|accepted| accepted.covers(chain, line))
            || lines.are_elsewhere(chain, line)
    };
    for report in &mut reports {
        let place = places.iter().find(|place| place.chain == report.chain);
        let is_lost = matches!(&report.verdict, Verdict::Damaged { fault, .. } if is_loss(fault));
        if let (Some(place), Some(head), true) = (place, pinned(&report.chain), is_lost)
            && accepted.iter().any(|accepted| accepted.covers(&report.chain, head.seq))
        {
            let commitment = session_of(&place.chain).and_then(|id| vouchers.get(&id).copied());
            *report = verify(opened, place, &keys, About { commitment, pinned: None })?.0;
        }
    }
    for (chain, head) in opened.vault.pins().heads() {
        let missing =
            ChainName::parse(chain).filter(|chain| places.iter().all(|p| p.chain != *chain));
        if let (Some(chain), Some(head)) = (missing, Head::parse(head))
            && !is_known(&chain, head.seq)
        {
            reports.push(audit::missing(&chain, head));
        }
    }
    audit::cross_check(&mut reports, &|chain, line| match is_known(chain, line) {
        true => LinePlace::Elsewhere,
        false if lines.were_here(chain, line) => LinePlace::WasHere,
        false => LinePlace::Unknown,
    });
    for report in &reports {
        if let (Verdict::Verified, Some(head)) = (&report.verdict, report.head)
            && pinned(&report.chain).is_none_or(|pinned| pinned.seq <= head.seq)
        {
            opened.vault.pins().raise_head(report.chain.as_str(), head.to_string());
        }
    }
    let last_known = |chain: &ChainName| {
        let sound = reports.iter().filter(|report| !report.is_damaged());
        let seen = sound.flat_map(|report| &report.heads).filter(|seen| seen.chain == *chain);
        let pinned = pinned(chain).map(|head| head.seq);
        seen.map(|seen| seen.head.seq).chain(pinned).max().unwrap_or(0)
    };
    let summary = |report: &ChainReport| {
        let place = places.iter().find(|place| place.chain == report.chain);
        let file = match files.remove(&report.chain) {
            Some(file) => Some(file),
            None => place.and_then(|place| place.holding(report)),
        };
        let mut summary = summary(report, file);
        if let Verdict::Damaged { line, fault } = &report.verdict
            && is_loss(fault)
        {
            let last = last_known(&report.chain).max(*line);
            summary.lost = Some(Loss { first: *line, last, after: report.head });
        }
        let of_chain = accepted.iter().filter(|accepted| accepted.chain == report.chain);
        let told = of_chain.map(|Acceptance { loss, reason, .. }| {
            format!(
                "lines {} to {} are lost, and that is accepted: {reason}",
                loss.first, loss.last
            )
        });
        summary.unknown = report.unknown;
        summary.accepted = told.reduce(|all, one| format!("{all}; {one}"));
        summary
    };
    let mut chains: Vec<_> = reports.iter().map(summary).collect();
    chains.sort_by(|a, b| a.chain.cmp(&b.chain));
    Ok(VerifyReport { chains })
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

/// Lines of chains that are not here because this branch never had them.
struct OtherLines<'v> {
    opened: &'v Snapshot,
    /// For each chain up to which line it was asked, and what came out.
    known: Mutex<BTreeMap<(ChainName, u64), LinePlace>>,
}

impl<'v> OtherLines<'v> {
    fn of(opened: &'v Snapshot) -> Self {
        Self { opened, known: Mutex::default() }
    }

    /// Whether a line is another branch's.
    fn are_elsewhere(&self, chain: &ChainName, line: u64) -> bool {
        self.place(chain, line) == LinePlace::Elsewhere
    }

    /// Whether this branch had a line, or that cannot be told.
    fn were_here(&self, chain: &ChainName, line: u64) -> bool {
        self.place(chain, line) == LinePlace::WasHere
    }

    fn place(&self, chain: &ChainName, line: u64) -> LinePlace {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&(chain.clone(), line)) {
            return *known;
        }
        let has = |file: &str, bytes: &[u8]| {
            let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".jsonl"));
            let first = stem.and_then(|stem| stem.parse::<u64>().ok());
            let count = memchr::memchr_iter(b'\n', bytes).count() as u64;
            first.is_some_and(|first| (first..first + count).contains(&line))
        };
        let found = match self.opened.vault.side_of(&format!("audit/{chain}"), &has) {
            Some(BranchSide::Here) => LinePlace::WasHere,
            Some(BranchSide::Other) => LinePlace::Elsewhere,
            None => LinePlace::Unknown,
        };
        known().insert((chain.clone(), line), found);
        found
    }
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

/// Who opens chain keys.
struct Keys {
    caller: Option<Caller>,
    bearer: Option<Arc<Bearer>>,
}

impl Keys {
    /// A chain's key; `None` where it cannot be had here.
    fn of(&self, place: &ChainCopies) -> Option<ChainKey> {
        if let Some(bearer) = &self.bearer {
            let own = session_of(&place.chain).is_some_and(|id| id == *bearer.id());
            return own.then(|| bearer.chain_key().clone());
        }
        let identity = &self.caller.as_ref()?.identity;
        place.keys().iter().find_map(|file| {
            let sealed = fs::read_plain(file, MAX_KEY).ok()??;
            ChainKey::from_secret(&decrypt(&sealed, identity).ok()?)
        })
    }

    /// Whether the key that is published, if one is, is this one.
    fn is_published(&self, key: &ChainKey, place: &ChainCopies) -> bool {
        let Some((file, caller)) = place.keys().pop().zip(self.caller.as_ref()) else {
            return true;
        };
        match fs::read_plain(&file, MAX_KEY) {
            Ok(None) => true,
            Ok(Some(sealed)) => decrypt(&sealed, &caller.identity).is_ok_and(|published| {
                let published = ChainKey::from_secret(&published);
                published.is_some_and(|published| published.commitment() == key.commitment())
            }),
            Err(_) => false,
        }
    }

    /// Whether the key of this chain is encrypted to the caller, who writes it.
    fn must_have(&self, place: &ChainCopies) -> bool {
        let writes = |caller: &Caller| place.chain.belongs_to(&Actor::member(&caller.name));
        self.bearer.is_none() && self.caller.as_ref().is_some_and(writes)
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

fn summary(report: &ChainReport, file: Option<PathBuf>) -> ChainSummary {
    let (status, line, fault) = match &report.verdict {
        Verdict::Verified => (ChainStatus::Verified, None, None),
        Verdict::Unchecked(gap) => (ChainStatus::Unchecked, None, Some(gap.to_string())),
        Verdict::Damaged { line, fault } => {
            (ChainStatus::Damaged, Some(*line), Some(fault.to_string()))
        }
    };
    ChainSummary {
        chain: report.chain.to_string(),
        lines: report.lines,
        status,
        line,
        fault,
        torn_tail: report.torn_tail,
        file,
        accepted: None,
        unknown: None,
        lost: None,
    }
}
