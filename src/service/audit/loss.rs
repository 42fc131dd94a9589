//! Lines of the trail that are gone for good, and an admin's word that this is known.
//!
//! What is accepted is one loss: the end of one chain behind one line. Anything else that happens to the
//! chain is damage as before.

use super::verify::VerifyReport;
use crate::audit::{ChainName, Fault, Head};

/// The lines at the end of a chain that are known to have been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The first one that is gone.
    pub(crate) first: u64,
    /// The last one that is known.
    pub(crate) last: u64,
    /// The line before; `None` where the chain is gone from line 1.
    pub(crate) after: Option<Head>,
}

/// A loss that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acceptance {
    pub(crate) chain: ChainName,
    pub(crate) loss: Loss,
    pub(crate) reason: String,
}

impl Acceptance {
    /// The detail of the line that records it: `<chain> <first>-<last> <head before, or ->: <reason>`.
    pub(crate) fn detail(&self) -> String {
        let Loss { first, last, after } = self.loss;
        let after = after.map_or_else(|| "-".to_owned(), |head| head.to_string());
        format!("{} {first}-{last} {after}: {}", self.chain, self.reason)
    }

    /// Reads the detail of such a line.
    pub(crate) fn parse(detail: &str) -> Option<Self> {
        let (about, reason) = detail.split_once(": ")?;
        let mut words = about.split(' ');
        let chain = ChainName::parse(words.next()?)?;
        let (first, last) = words.next()?.split_once('-')?;
        let after = match words.next()? {
            "-" => None,
            head => Some(Head::parse(head)?),
        };
        let loss = Loss { first: first.parse().ok()?, last: last.parse().ok()?, after };
        let follows = after.map_or(1, |head| head.seq + 1) == loss.first && loss.last >= loss.first;
        (follows && words.next().is_none()).then(|| Self { chain, loss, reason: reason.to_owned() })
    }

    /// Whether a line of the chain is among those that are lost.
    pub(crate) fn covers(&self, chain: &ChainName, line: u64) -> bool {
        self.chain == *chain && (self.loss.first..=self.loss.last).contains(&line)
    }
}

/// Whether a damage is that the end of a chain is gone.
pub(super) fn is_loss(fault: &Fault) -> bool {
    matches!(fault, Fault::Cut { .. } | Fault::CutSeen { .. } | Fault::Missing { .. })
}

/// What keeps a loss from being accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LossError {
    #[error("there is no audit chain '{0}'")]
    NoChain(String),
    #[error("nothing is lost of audit chain '{0}'")]
    NothingLost(String),
    #[error("audit chain '{chain}' is damaged, and not only cut: {fault}")]
    Damaged { chain: String, fault: String },
    #[error("a reason is one line of 1 to {MAX_REASON} characters")]
    Reason,
}

/// Most characters of a reason.
pub(crate) const MAX_REASON: usize = 200;

impl crate::kind::Failure for LossError {
    fn kind(&self) -> crate::kind::Kind {
        use crate::kind::Kind;
        match self {
            Self::NoChain(_) => Kind::NotFound,
            Self::NothingLost(_) | Self::Reason => Kind::Usage,
            Self::Damaged { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoChain(_) | Self::NothingLost(_) => {
                "'authy audit verify' names the chains".into()
            }
            Self::Damaged { .. } => "bring back what was there with git; it is not lost".into(),
            Self::Reason => "--reason TEXT is recorded for everybody to read".into(),
        })
    }
}

/// The loss of a chain that verification found.
///
/// # Errors
/// There is no such chain; nothing is lost of it; it is damaged otherwise.
pub(crate) fn loss_of(report: &VerifyReport, chain: &str) -> Result<Loss, LossError> {
    let found = report.chains.iter().find(|summary| summary.chain == chain);
    let found = found.ok_or_else(|| LossError::NoChain(chain.to_owned()))?;
    match (&found.lost, &found.fault, found.line) {
        (Some(lost), ..) => Ok(*lost),
        (None, Some(fault), Some(_)) => {
            Err(LossError::Damaged { chain: chain.to_owned(), fault: fault.clone() })
        }
        _ => Err(LossError::NothingLost(chain.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Acceptance, Loss};
    use crate::audit::{ChainName, Head};
    use crate::crypto::digest::Digest;

    #[test]
    fn what_is_recorded_reads_back_and_covers_its_lines() {
        let chain = ChainName::parse("alice-0123abcd").unwrap();
        for after in [None, Some(Head { seq: 6, hash: Digest::of(b"x") })] {
            let first = after.map_or(1, |head| head.seq + 1);
            let loss = Loss { first, last: first + 2, after };
            let reason = "a laptop was lost: see #12".to_owned();
            let accepted = Acceptance { chain: chain.clone(), loss, reason };
            assert_eq!(Acceptance::parse(&accepted.detail()), Some(accepted.clone()));
            assert!(accepted.covers(&chain, first) && accepted.covers(&chain, first + 2));
            assert!(!accepted.covers(&chain, first + 3) && !accepted.covers(&chain, first - 1));
        }
        for bad in
            ["", "alice-0123abcd 1-2 -", "alice-0123abcd 2-3 -: x", "alice-0123abcd 2-1 -: x"]
        {
            assert_eq!(Acceptance::parse(bad), None, "{bad}");
        }
    }
}
