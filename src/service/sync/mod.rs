//! Two clones become one: conflicts, and joining branches.

pub(crate) mod conflict;
pub(crate) mod merge;
pub(crate) mod resign;
pub(crate) mod resolve;
pub(crate) mod syncer;
