//! Changing a vault: lock, stage, audit, publish, commit.

pub(crate) mod adopt_chains;
pub(crate) mod commit;
pub(crate) mod transaction;
