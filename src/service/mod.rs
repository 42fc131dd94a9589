//! The library's interface: one function for each thing a user does.
//!
//! `commands` has the functions that fronts call. They are made of what stands in the rooms beside
//! it, each of which knows those before it: base, identity, audit, session, change, secret, rules,
//! then inject, sync and repository. Nothing here prints, prompts, reads the environment or the
//! clock: that comes in the [`Context`].

mod audit;
mod base;
mod change;
mod commands;
mod identity;
mod inject;
mod repository;
mod rules;
mod secret;
mod session;
mod sync;

pub use audit::verify::{ChainStatus, ChainSummary, VerifyReport};
pub use base::context::{
    AgentAtWork, Context, Front, IdentitySource, OpenIdentity, TokenSource, Unseen,
};
pub use base::error::{Error, Result};
pub use base::note::Note;
pub use base::status::DocumentStatus;
pub use commands::*;
pub use identity::enroll::{NameSource, Newcomer};
pub use rules::effect::{Effect, MemberEffect, PatternEffect, Reached, ScopeEffect};
pub use rules::history::CommitView;
pub use secret::new_value::StoreOptions;
pub use secret::readers::ReaderChange;
pub use sync::conflict::Side;
