//! Two clones become one: conflicts, and joining branches.

mod added;
mod annotation;
pub(crate) mod conflict;
mod floor;
mod merge;
mod other_side;
mod own;
mod published;
mod resign;
mod resolve;
mod syncer;

pub(crate) use conflict::{Conflict, ConflictTarget, Revision, Side, left_open, named, split};
pub(crate) use merge::{SyncError, refuse_unsynced};
pub(crate) use other_side::OtherSide;
pub(crate) use own::OwnRecords;
pub(crate) use published::{refuse_rewritten, remember_published};
pub(crate) use resolve::{Taking, offered, resolve_conflicts};
pub(crate) use syncer::{Joined, SyncIdentity, Syncer, merge_branches};
