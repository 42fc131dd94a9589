//! What everything in the service begins with: the front's context, errors and notes, an open vault
//! and its rules.

mod approved;
pub(crate) mod clock;
mod commits;
pub(crate) mod context;
pub(crate) mod error;
mod missing;
mod names;
pub(crate) mod note;
pub(crate) mod once;
pub(crate) mod opening;
mod pending;
pub(crate) mod plugin;
mod scope;
mod secret_error;
pub(crate) mod status;
mod token_error;

pub(crate) use approved::{approved_before, last_approved};
pub(crate) use context::{Context, Front, IdentitySource, OpenIdentity, TokenSource, Unseen};
pub(crate) use error::{Error, Result};
pub(crate) use missing::{
    GoneRule, gone_rules, missing_chain, missing_for, missing_rules, missing_rules_and_trail,
    missing_secrets, or_missing, or_missing_rules, refuse_gone, refuse_missing, way_back,
};
pub(crate) use names::{known_members, known_scopes, open_unrecovered};
pub(crate) use note::Note;
pub(crate) use once::{Once, OnceIdentity};
pub(crate) use opening::{LOCK_WAIT, OpenVault, Snapshot, VaultError, may_be_a_race};
pub(crate) use pending::{Pending, drop_pending};
pub(crate) use scope::{ScopeError, effective_scope};
pub(crate) use secret_error::SecretError;
pub(crate) use status::DocumentStatus;
pub(crate) use token_error::TokenError;
