//! The library's interface: one function for each thing a user does.
//!
//! Fronts call these and nothing else. Reading goes through `reading` (authenticate, decide,
//! record, open), changing through `change` (lock, stage, audit, publish, commit). Nothing
//! here prints, prompts, reads the environment or the clock: that comes in the [`Context`].

mod agent;
mod auditing;
mod bearer;
mod caller;
mod change;
mod clock;
mod commit;
mod context;
mod error;
mod hygiene;
mod init;
mod injecting;
mod listing;
mod note;
mod opening;
mod policies;
mod problem;
mod projects;
mod reading;
mod recorder;
mod refresh;
mod resolving;
mod secrets;
mod sessions;
mod settings;
mod writing;

pub use auditing::{AuditFilter, ChainSummary, VerifyReport, audit_show, audit_verify};
pub use context::{Context, Front, IdentitySource};
pub use error::{Error, Result};
pub use hygiene::keep_memory_private;
pub use init::{InitOptions, InitReport, init};
pub use injecting::{InjectRequest, Masking, RunCommand, env, export, lead, render, run};
pub use listing::{ListDetails, ListEntry, ListOptions, list};
pub use note::Note;
pub use policies::{
    PolicyChange, PolicyView, Verdict, policy_create, policy_list, policy_remove, policy_show,
    policy_test, policy_update,
};
pub use projects::{allow_project, deny_project, find_project, project_is_allowed, vault_is_known};
pub use resolving::resolve;
pub use secrets::{get, remove, rename};
pub use sessions::{
    SessionCreated, SessionOptions, SessionView, session_create, session_list, session_refresh,
    session_revoke, session_revoke_all,
};
pub use settings::{Setting, Settings, config_set, config_show};
pub use writing::{
    EditorChoice, StoreOptions, StoreReport, edit, generate, rotate, rotate_ready, store,
    store_ready,
};
