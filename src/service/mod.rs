//! The library's interface: one function for each thing a user does.
//!
//! Two floors. `actions` has the functions that fronts call; `base` has what they are made
//! of: opening, reading, transactions, the audit recorder. Arrows lead from `actions` to
//! `base` only. Nothing here prints, prompts, reads the environment or the clock: that comes
//! in the [`Context`].

mod actions;
mod base;

pub use actions::*;
pub use base::context::{
    AgentAtWork, Context, Front, IdentitySource, OpenIdentity, TokenSource, Unseen,
};
pub use base::effect::{Effect, MemberEffect, PatternEffect, Reached, ScopeEffect};
pub use base::error::{Error, Result};
pub use base::newcomer::{NameSource, Newcomer};
pub use base::note::Note;
pub use base::past::CommitView;
pub use base::readers::ReaderChange;
pub use base::trail::{ChainSummary, VerifyReport};
pub use base::values::StoreOptions;
