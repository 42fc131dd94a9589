//! Changing a vault: lock, stage, audit, publish, commit.

mod adopt_chains;
pub(crate) mod commit;
mod transaction;
mod waiting;

pub(crate) use adopt_chains::import_chains;
pub(crate) use commit::{chains, commit_edits, commit_files, commit_waiting, edits, local_chains};
pub(crate) use transaction::{LockedVault, Transaction};
pub(crate) use waiting::waiting;
