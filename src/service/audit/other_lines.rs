//! Lines of chains that are not here: taken away, or never of this branch.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::audit::{ChainName, LinePlace};
use crate::fs::{Subject, VaultPath, chain_folder};
use crate::service::base::Snapshot;
use crate::store::BranchSide;

/// Lines of chains that are not here because this branch never had them.
pub(super) struct OtherLines<'v> {
    opened: &'v Snapshot,
    /// For each chain up to which line it was asked, and what came out.
    known: Mutex<BTreeMap<(ChainName, u64), LinePlace>>,
}

impl<'v> OtherLines<'v> {
    pub(super) fn of(opened: &'v Snapshot) -> Self {
        Self { opened, known: Mutex::default() }
    }

    /// Whether a line is another branch's.
    pub(super) fn are_elsewhere(&self, chain: &ChainName, line: u64) -> bool {
        self.place(chain, line) == LinePlace::Elsewhere
    }

    /// Where a line is that is not here.
    pub(super) fn place(&self, chain: &ChainName, line: u64) -> LinePlace {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&(chain.clone(), line)) {
            return *known;
        }
        let has = |file: &str, bytes: &[u8]| {
            let count = memchr::memchr_iter(b'\n', bytes).count() as u64;
            match VaultPath::parse(file).as_ref().map(VaultPath::subject) {
                Some(Subject::Segment(first)) => (*first..first + count).contains(&line),
                _ => false,
            }
        };
        let found = match self.opened.vault.side_of(&chain_folder(chain.as_str()), &has) {
            Some(BranchSide::Here) => LinePlace::WasHere,
            Some(BranchSide::Other) => LinePlace::Elsewhere,
            None => LinePlace::Unknown,
        };
        known().insert((chain.clone(), line), found);
        found
    }
}
