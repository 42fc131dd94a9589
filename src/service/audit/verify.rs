//! Verifying the audit trail: where its chains lie, which keys are at hand, what vouches for
//! them, and what was found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::recorder::{MAX_KEY, fallback_folder};
use super::session_line::parse_created_line;
use crate::access::{Bearer, Caller};
use crate::audit::{self, Actor, ChainFiles, ChainName, ChainReport, Expect, Head, Verdict};
use crate::crypto::decrypt;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::fs::{self, Listing, Lock};
use crate::kind::Kind;
use crate::name::SessionId;
use crate::service::base::{Context, IdentitySource, LOCK_WAIT, Result, Snapshot};
use crate::service::identity::authenticate::authenticate;
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
    let places = places(opened)?;
    let pinned = |chain: &ChainName| Head::parse(opened.vault.pins().heads().get(chain.as_str())?);
    let keys = Keys { caller, bearer };
    let mut vouchers = of_grants(opened)?;
    let mut reports = Vec::new();
    // Members first: their lines vouch for the keys of the sessions they made.
    let (sessions, members): (Vec<_>, Vec<_>) =
        places.iter().partition(|place| session_of(place.chain()).is_some());
    for place in members.into_iter().chain(sessions) {
        let commitment = session_of(place.chain()).and_then(|id| vouchers.get(&id).copied());
        let about = About { commitment, pinned: pinned(place.chain()) };
        let report = verify(opened, place, &keys, about)?;
        if report.verdict == Verdict::Verified {
            // What signed grants state too, and those that are gone stated.
            vouchers.extend(report.created().filter_map(parse_created_line));
        }
        reports.push(report);
        ctx.front.progress(reports.len(), places.len());
    }
    for (chain, head) in opened.vault.pins().heads() {
        let missing =
            ChainName::parse(chain).filter(|chain| places.iter().all(|p| p.chain() != chain));
        if let (Some(chain), Some(head)) = (missing, Head::parse(head)) {
            reports.push(audit::missing(&chain, head));
        }
    }
    audit::cross_check(&mut reports);
    for report in &reports {
        if let (Verdict::Verified, Some(head)) = (&report.verdict, report.head) {
            opened.vault.pins().raise_head(report.chain.as_str(), head.to_string());
        }
    }
    let mut chains: Vec<_> = reports.iter().map(|report| summary(report, &places)).collect();
    chains.sort_by(|a, b| a.chain.cmp(&b.chain));
    Ok(VerifyReport { chains })
}

/// Every chain there is: in the vault, in this clone, and in this machine's state folder.
pub(crate) fn places(opened: &Snapshot) -> Result<Vec<ChainFiles>> {
    let root = opened.vault.root();
    let mut all = Vec::new();
    for listing in [Listing::Audit, Listing::LocalAudit] {
        fs::refuse_linked(root, listing)?;
        all.extend(audit::chains_in(&root.folder(listing))?);
    }
    if let Some(state) = opened.vault.pins().folder() {
        all.extend(audit::chains_in(&fallback_folder(state))?);
    }
    Ok(all)
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
    fn of(&self, place: &ChainFiles) -> Option<ChainKey> {
        if let Some(bearer) = &self.bearer {
            let own = session_of(place.chain()).is_some_and(|id| id == *bearer.id());
            return own.then(|| bearer.chain_key().clone());
        }
        let sealed = fs::read_plain(place.key(), MAX_KEY).ok()??;
        ChainKey::from_secret(&decrypt(&sealed, &self.caller.as_ref()?.identity).ok()?)
    }

    /// Whether the key of this chain is encrypted to the caller, who writes it.
    fn must_have(&self, place: &ChainFiles) -> bool {
        let writes = |caller: &Caller| place.chain().belongs_to(&Actor::member(&caller.name));
        self.bearer.is_none() && self.caller.as_ref().is_some_and(writes)
    }
}

/// What is known of a chain from elsewhere.
#[derive(Clone, Copy)]
struct About {
    commitment: Option<Digest>,
    pinned: Option<Head>,
}

fn verify(opened: &Snapshot, place: &ChainFiles, keys: &Keys, about: About) -> Result<ChainReport> {
    let key = keys.of(place);
    let signer = |name: &_| opened.rules.verify_keys(name);
    let expect = Expect {
        chain: place.chain(),
        vault: opened.vault.id(),
        key: key.as_ref(),
        commitment: about.commitment,
        signer: &signer,
        pinned: about.pinned,
    };
    let mut report = place.verify(&expect)?;
    if key.is_none() && keys.must_have(place) {
        report.has_no_key(fs::chain_key_file(place.chain().as_str()));
    }
    Ok(report)
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

fn summary(report: &ChainReport, places: &[ChainFiles]) -> ChainSummary {
    let (status, line, fault) = match &report.verdict {
        Verdict::Verified => (ChainStatus::Verified, None, None),
        Verdict::Unchecked(gap) => (ChainStatus::Unchecked, None, Some(gap.to_string())),
        Verdict::Damaged { line, fault } => {
            (ChainStatus::Damaged, Some(*line), Some(fault.to_string()))
        }
    };
    let number = line.unwrap_or(u64::MAX);
    let place = places.iter().find(|place| *place.chain() == report.chain);
    let file = place.map(|place| place.holding(&report.firsts, number));
    ChainSummary {
        chain: report.chain.to_string(),
        lines: report.lines,
        status,
        line,
        fault,
        torn_tail: report.torn_tail,
        file,
    }
}
