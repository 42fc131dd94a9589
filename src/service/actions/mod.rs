//! The upper floor of the service: what a user does, a file or a folder for each.
//!
//! To add one: read values through `base::reading`, change the vault in a
//! `base::transaction`, add a file here and its functions to the list below and in
//! `service`. Actions do not know each other; what two of them share lies in `base`.

mod annotating;
mod approve;
mod auditing;
mod check;
mod completing;
mod describing;
mod diff;
mod git_setup;
mod hygiene;
mod import;
mod init;
mod injecting;
mod join;
mod leaving;
mod listing;
mod member_update;
mod members;
mod past;
mod policies;
mod projects;
mod reading_files;
mod rekey;
mod resolving;
mod secrets;
mod sessions;
mod settings;
mod shell;
mod syncing;
mod unlocking;
mod writing;

pub use annotating::{Annotation, annotate};
pub use approve::{Approval, ApprovalKind, Proposal, approval, approve};
pub use auditing::{AuditFilter, audit_show, audit_verify};
pub use check::{Finding, Severity, check, check_staged, repair};
pub use completing::{NameKind, known_names};
pub use describing::{Description, describe, digest_of};
pub use diff::{FileDiff, PolicyDiff, policy_diff};
pub use git_setup::{install_diff, install_hook};
pub use hygiene::keep_memory_private;
pub use import::{
    Existing, ImportEntry, ImportFrom, ImportOptions, ImportStatus, Imported, ImportedPolicy,
    import, imported_policies, read_import,
};
pub use init::{InitOptions, InitReport, accept_vault, init, is_vault};
#[cfg(feature = "sealed")]
pub use injecting::sweep;
pub use injecting::{
    InjectRequest, Masking, RunCommand, env, export, hold, lead, mask_commands, misread, render,
    render_manifest, run, variables,
};
pub use join::{JoinOptions, JoinReport, join};
pub use leaving::{Exposed, Removal, member_remove};
pub use listing::{ListDetails, ListEntry, ListOptions, list};
pub use member_update::{MemberChange, MemberUpdated, member_update};
pub use members::{MemberView, NewMember, member_add, member_list, member_show};
pub use past::{PastVersion, get_version, history, restore};
pub use policies::{
    PolicyChange, PolicyView, Towards, Verdict, policy_create, policy_list, policy_preview,
    policy_remove, policy_show, policy_test, policy_update,
};
pub use projects::{
    allow_project, deny_project, find_project, project_create, project_is_allowed, vault_is_known,
};
pub use reading_files::{read_public, read_text};
pub use rekey::{rekey, rekey_needed};
pub use resolving::resolve;
pub use secrets::{Part, copy, get, otp, part, remove, rename};
pub use sessions::{
    SessionCreated, SessionOptions, SessionView, check_token_place, session_create, session_list,
    session_refresh, session_revoke, session_revoke_all, write_token,
};
pub use settings::{Setting, Settings, config_set, config_show};
pub use shell::{alias_command, aliases, project_aliases};
pub use syncing::{
    Choice, ConflictView, SideView, SyncReport, TakeReport, Taken, conflict_list, conflict_take,
    last_fetched, sync,
};
pub use unlocking::{Unlocked, glance, unlock};
pub use writing::{
    EditorChoice, StoreReport, edit, generate, replace, rotate, rotate_ready, store, store_ready,
};
