//! Holding chains against each other: what one saw of another must still be there.
//!
//! Commit lines name the heads of the other chains, so whoever cuts a chain's tail, or
//! removes the whole file, must also alter every chain that saw it.

use std::collections::{BTreeMap, HashMap};

use super::fault::Fault;
use super::name::{ChainName, Head};
use super::verify::{ChainReport, Gap, Seen, Verdict, nothing};

/// Where a line of a chain is that is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinePlace {
    /// It was here, or that cannot be told.
    WasHere,
    /// In another branch, or somebody said that it is lost: it need not be here.
    Elsewhere,
    /// Nothing here ever had it: it may be in a branch that was not fetched.
    Unknown,
}

/// Compares all chains of a vault; adds a report for a chain that is named but gone. `place` says where
/// a line is that another chain saw and that is not here.
pub(crate) fn cross_check(
    reports: &mut Vec<ChainReport>,
    place: &dyn Fn(&ChainName, u64) -> LinePlace,
) {
    let claims: Vec<(ChainName, Seen)> = reports
        .iter()
        .flat_map(|report| report.heads.iter().map(|seen| (report.chain.clone(), seen.clone())))
        .collect();
    let mut places: HashMap<ChainName, usize> =
        reports.iter().enumerate().map(|(at, report)| (report.chain.clone(), at)).collect();
    for (by, seen) in &claims {
        let has =
            |report: &ChainReport| report.chain == seen.chain && report.lines >= seen.head.seq;
        let known = places.get(&seen.chain).and_then(|at| reports.get(*at));
        if !known.is_some_and(has) {
            match place(&seen.chain, seen.head.seq) {
                LinePlace::WasHere => {}
                LinePlace::Elsewhere => continue,
                LinePlace::Unknown => {
                    let at = at_of(&mut places, reports, &seen.chain);
                    let unknown = &mut reports[at].unknown;
                    *unknown = Some(unknown.unwrap_or(0).max(seen.head.seq));
                    continue;
                }
            }
        }
        let at = at_of(&mut places, reports, &seen.chain);
        let differs = Fault::DiffersSeen { by: by.clone(), line: seen.line };
        let cut = Fault::CutSeen { by: by.clone(), line: seen.line, seen: seen.head.seq };
        reports[at].must_have(seen.head, differs, cut);
    }
    vouch(reports);
}

/// Where the report on a chain stands; one on a chain without lines is made where there is none.
fn at_of(
    places: &mut HashMap<ChainName, usize>,
    reports: &mut Vec<ChainReport>,
    chain: &ChainName,
) -> usize {
    *places.entry(chain.clone()).or_insert_with(|| {
        reports.push(nothing(chain, Verdict::Unchecked(Gap::Empty)));
        reports.len() - 1
    })
}

/// A verified chain that saw a line of another vouches for the other's key: the hash of
/// any line covers line 1.
fn vouch(reports: &mut [ChainReport]) {
    let mut seen: BTreeMap<ChainName, Vec<Head>> = BTreeMap::new();
    for witness in reports.iter().filter(|report| report.verdict == Verdict::Verified) {
        for Seen { chain, head, .. } in &witness.heads {
            seen.entry(chain.clone()).or_default().push(*head);
        }
    }
    for report in reports {
        let was_seen =
            |heads: &Vec<Head>| heads.iter().any(|head| report.hash(head.seq) == Some(head.hash));
        if report.verdict == Verdict::Unchecked(Gap::NotVouched)
            && seen.get(&report.chain).is_some_and(was_seen)
        {
            report.verdict = Verdict::Verified;
        }
    }
}
