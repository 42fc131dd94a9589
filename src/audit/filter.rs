//! Reading chains back: which lines to show, all chains in one order.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::actor::Actor;
use super::error::AuditError;
use super::event::{Op, Outcome};
use super::line::{Line, Mac, read_lines};
use super::name::{ChainName, Head};
use super::segments::Segment;
use super::stamp::Stamp;
use crate::crypto::digest::Digest;
use crate::crypto::sign::Signature;
use crate::name::{ScopeName, SecretName};

/// Which lines to show; what is `None` does not filter.
#[derive(Default)]
pub(crate) struct Filter<'a> {
    /// Lines that touch a secret this accepts.
    pub(crate) secret: Option<&'a dyn Fn(&SecretName) -> bool>,
    /// Lines of this scope.
    pub(crate) scope: Option<ScopeName>,
    /// A member's name, a session's id or its label.
    pub(crate) actor: Option<String>,
    /// A part of an agent's marker.
    pub(crate) agent: Option<String>,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// An operation (`policy.create`) or the command it belongs to (`policy`).
    pub(crate) op: Option<String>,
    /// Not before this.
    pub(crate) since: Option<OffsetDateTime>,
    /// Not after this.
    pub(crate) until: Option<OffsetDateTime>,
}

impl Filter<'_> {
    /// Whether a line is to be shown.
    pub(crate) fn accepts(&self, line: &Line) -> bool {
        let time = line.time.time();
        self.secret.is_none_or(|accepts| line.secrets.iter().any(accepts))
            && self.scope.as_ref().is_none_or(|scope| line.scope.as_ref() == Some(scope))
            && self.actor.as_ref().is_none_or(|text| line.actor.answers_to(text))
            && self.agent.as_ref().is_none_or(|text| {
                line.actor.agent().is_some_and(|agent| agent.contains(text.as_str()))
            })
            && self.outcome.is_none_or(|outcome| line.outcome == outcome)
            && self.op.as_ref().is_none_or(|words| line.op.is_under(words))
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time <= until)
    }
}

impl Filter<'_> {
    /// Whether a segment begins after the filter's end, so that it need not be parsed.
    fn is_after(&self, segment: &[u8]) -> bool {
        let Some(until) = self.until else { return false };
        let first = segment.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Line::parse(first).is_ok_and(|line| line.time.time() > until)
    }
}

/// A line with its chain, as `--json` and `audit export` write it.
///
/// It keeps `prev`, `mac` and what an opening holds: together with the one written form of
/// a line, an export still lets its reader check continuity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it was written.
    pub(crate) time: Stamp,
    /// The chain it stands in.
    pub(crate) chain: ChainName,
    /// Its number there.
    pub(crate) seq: u64,
    /// The command's words.
    pub(crate) op: Op,
    /// The secrets it touched.
    pub(crate) secrets: Vec<SecretName>,
    /// The scope it ran in.
    pub(crate) scope: Option<ScopeName>,
    /// Who did it.
    pub(crate) actor: Actor,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Why it was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// A program's name.
    pub(crate) detail: Option<String>,
    /// Heads of other chains.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) heads: BTreeMap<ChainName, Head>,
    /// The first line of the segment before, in the first line of a later segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u64>,
    /// The vault's id, in an opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vault: Option<String>,
    /// The commitment to the chain key, in an opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Digest>,
    /// The signature, in a member's opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sig: Option<Signature>,
    /// Hash of the previous line.
    pub(crate) prev: Digest,
    /// The mac under the chain's key.
    pub(crate) mac: Mac,
}

impl Entry {
    /// When it was written (RFC 3339, milliseconds, UTC).
    pub fn time(&self) -> String {
        self.time.to_string()
    }

    /// Where it stands: its chain and its number there.
    pub fn place(&self) -> String {
        format!("{} {}", self.chain, self.seq)
    }

    /// The command's words.
    pub fn op(&self) -> &str {
        self.op.as_str()
    }

    /// The secrets it touched.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(SecretName::as_str)
    }

    /// The scope it ran in.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_ref().map(ScopeName::as_str)
    }

    /// The member's name, or the session's id and label. The label is any text.
    pub fn actor(&self) -> String {
        match &self.actor {
            Actor::Member { name, .. } => name.to_string(),
            Actor::Token { id, label, .. } if label.is_empty() => format!("token {id}"),
            Actor::Token { id, label, .. } => format!("token {id} ({label})"),
        }
    }

    /// The same in short: of a session its label, or else the beginning of its id.
    pub fn actor_in_short(&self) -> String {
        match &self.actor {
            Actor::Member { name, .. } => name.to_string(),
            Actor::Token { id, label, .. } if label.is_empty() => {
                format!("token {}", id.chars().take(8).collect::<String>())
            }
            Actor::Token { label, .. } => format!("token {label}"),
        }
    }

    /// The marker of the AI agent that was at work, which is any text.
    pub fn agent(&self) -> Option<&str> {
        self.actor.agent()
    }

    /// Why it was denied, which is any text.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// A program's name, which is any text.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    fn new(chain: &ChainName, line: Line) -> Self {
        Self {
            time: line.time,
            chain: chain.clone(),
            seq: line.seq,
            op: line.op,
            secrets: line.secrets,
            scope: line.scope,
            actor: line.actor,
            outcome: line.outcome,
            reason: line.reason,
            detail: line.detail,
            heads: line.heads,
            after: line.after,
            vault: line.vault,
            key: line.key,
            sig: line.sig,
            prev: line.prev,
            mac: line.mac,
        }
    }
}

/// Reads the lines of a chain that `filter` accepts, in order; where there is a `limit` no
/// more than so many of the newest.
///
/// Goes from the end back, and no further than to a segment that has nothing younger than
/// the filter's beginning: a clock that was set back for longer than a segment hides lines.
///
/// # Errors
/// What `read_back` fails with.
pub(crate) fn newest(
    read_back: impl FnOnce(&mut dyn FnMut(Segment) -> bool) -> Result<(), AuditError>,
    filter: &Filter<'_>,
    limit: Option<usize>,
) -> Result<Vec<Line>, AuditError> {
    let mut found: Vec<Vec<Line>> = Vec::new();
    let mut count = 0;
    read_back(&mut |segment| {
        if filter.is_after(&segment.bytes) {
            return true;
        }
        let (mut lines, _) = read_lines(&segment.bytes);
        let is_older = |since| lines.iter().all(|line| line.time.time() < since);
        let ends = filter.since.is_some_and(|since| !lines.is_empty() && is_older(since));
        lines.retain(|line| filter.accepts(line));
        count += lines.len();
        found.push(lines);
        !ends && limit.is_none_or(|limit| count < limit)
    })?;
    Ok(found.into_iter().rev().flatten().collect())
}

/// Merges chains into one list by time, newest last; `last` keeps that many of the newest.
pub(crate) fn merge(
    chains: Vec<(ChainName, Vec<Line>)>,
    filter: &Filter<'_>,
    last: Option<usize>,
) -> Vec<Entry> {
    let mut lines: Vec<(&ChainName, Line)> = Vec::new();
    let (names, of_chains): (Vec<ChainName>, Vec<Vec<Line>>) = chains.into_iter().unzip();
    for (name, of_chain) in names.iter().zip(of_chains) {
        lines.extend(
            of_chain.into_iter().filter(|line| filter.accepts(line)).map(|line| (name, line)),
        );
    }
    lines.sort_by(|(a_chain, a), (b_chain, b)| {
        (a.time, a_chain, a.seq).cmp(&(b.time, b_chain, b.seq))
    });
    let skipped = last.map_or(0, |last| lines.len().saturating_sub(last));
    lines.into_iter().skip(skipped).map(|(chain, line)| Entry::new(chain, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Sample, at};
    use super::{Filter, merge};
    use crate::audit::{ChainName, Outcome, line::read_lines};
    use crate::name::{ScopeName, SecretName};

    fn sequence(filter: &Filter<'_>, last: Option<usize>) -> Vec<(String, u64)> {
        let lines = read_lines(&Sample::of(4).bytes()).0;
        let chains =
            ["bob-1", "alice-1"].map(|name| (ChainName::parse(name).unwrap(), lines.clone()));
        let entries = merge(chains.into(), filter, last);
        entries.into_iter().map(|entry| (entry.chain.to_string(), entry.seq)).collect()
    }

    fn numbers(filter: &Filter<'_>) -> Vec<u64> {
        sequence(filter, None).into_iter().step_by(2).map(|(_, seq)| seq).collect()
    }

    #[test]
    fn chains_are_merged_by_time_with_the_newest_last() {
        let both = |seq| [("alice-1".to_owned(), seq), ("bob-1".to_owned(), seq)];
        assert_eq!(sequence(&Filter::default(), None), [1, 2, 3, 4].map(both).concat());
        let newest = sequence(&Filter::default(), Some(3));
        assert_eq!(newest, [&both(3)[1..], &both(4)[..]].concat());
        assert!(sequence(&Filter::default(), Some(0)).is_empty());
    }

    #[test]
    fn each_filter_narrows() {
        let all = Filter::default;
        assert_eq!(numbers(&all()), [1, 2, 3, 4]);
        let is_db = |name: &SecretName| name.as_str() == "db-url";
        assert_eq!(numbers(&Filter { secret: Some(&is_db), ..all() }), [2, 3, 4]);
        let is_other = |name: &SecretName| name.as_str() == "other";
        assert!(numbers(&Filter { secret: Some(&is_other), ..all() }).is_empty());
        let scope = ScopeName::parse("backend").ok();
        assert_eq!(numbers(&Filter { scope, ..all() }), [2, 3, 4]);
        assert_eq!(numbers(&Filter { actor: Some("alice".into()), ..all() }), [1, 2, 3, 4]);
        assert!(numbers(&Filter { actor: Some("bob".into()), ..all() }).is_empty());
        assert!(numbers(&Filter { outcome: Some(Outcome::Denied), ..all() }).is_empty());
        assert_eq!(numbers(&Filter { op: Some("chain".into()), ..all() }), [1]);
        assert_eq!(numbers(&Filter { op: Some("run".into()), ..all() }), [2, 3, 4]);
        let between = Filter { since: Some(at(1)), until: Some(at(2)), ..all() };
        assert_eq!(numbers(&between), [2, 3]);
    }

    #[test]
    fn an_export_names_its_chain_once_and_keeps_the_proofs() {
        let lines = read_lines(&Sample::of(2).bytes()).0;
        let chain = ChainName::parse("alice-1").unwrap();
        let entries = merge(vec![(chain, lines)], &Filter::default(), None);
        for entry in entries {
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(json.matches("\"chain\":").count(), 1, "{json}");
            assert!(json.contains("\"prev\":\"sha256:") && json.contains("\"mac\":\""), "{json}");
        }
    }
}
