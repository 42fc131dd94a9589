//! Changing a vault: lock, stage, audit, publish, commit.

mod adopt_chains;
pub(crate) mod commit;
mod transaction;
mod waiting;

pub(crate) use adopt_chains::import_chains;
pub(crate) use commit::{commit_edits, commit_files, commit_waiting, edits, note_unsent};
pub(crate) use transaction::{LockedVault, Transaction};
pub(crate) use waiting::{PLACES, uncommitted, waiting};
