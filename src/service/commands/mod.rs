//! What a user does: a file or a folder for each command, as `authy help` has them.
//!
//! To add one: read values through `secret::read`, change the vault in a `change::transaction`,
//! add a file here and its functions to the list below. Commands do not know each other; what two
//! of them share lies in a room.

mod access_request;
mod alias;
mod approve;
mod audit;
mod backup;
mod check;
mod completion;
mod config;
mod conflict;
mod credential;
mod files;
mod helper_setup;
mod init;
mod inject;
mod join;
mod list;
mod lock;
mod machine;
mod mcp_config;
mod member;
mod open_identity;
mod policy;
mod project;
mod recover;
mod scan;
mod secret;
mod session;
mod status;
mod sync;
mod textconv;
mod unlock;

pub use access_request::{access_requests, request_access};
pub use alias::{alias_command, aliases, project_aliases};
pub use approve::{Approval, ApprovalKind, Proposal, approval, approve};
pub use audit::{AcceptedLoss, AuditFilter, audit_accept, audit_show, audit_verify};
pub use backup::{BackupText, backup, backup_text};
pub use check::{Finding, Severity, check, check_staged, install_diff, install_hook, repair};
pub use completion::{NameKind, known_names};
pub use config::{Setting, Settings, config_set, config_show};
pub use conflict::{
    Choice, ConflictKind, ConflictShown, ConflictView, SideView, TakeReport, Taken, conflict_list,
    conflict_show, conflict_sides, conflict_take,
};
pub use credential::{
    Answer, Credential, Questioner, credential, credentials_by_name, credentials_each, place,
    placeholder, placeholder_named, places,
};
pub use files::{read_copy, read_public, read_text};
pub use helper_setup::{
    HelperSetup, SettingsFile, SetupPlaces, SetupStatus, helper_install, helper_setup,
    helper_uninstall,
};
pub use init::{InitOptions, InitReport, accept_vault, init, is_vault};
#[cfg(feature = "sealed")]
pub use inject::sweep;
pub use inject::{
    InjectRequest, Masking, RunCommand, check_program, env, export, hold, lead, mask_commands,
    misread, render, render_manifest, resolve, run, variable, variables,
};
pub use join::{JoinOptions, JoinReport, join};
pub use list::{ListDetails, ListEntry, ListOptions, RemovedSecret, list, list_removed};
pub use lock::{LockReport, lock};
pub use machine::{MachineOptions, MachineReport, machine_join};
pub use mcp_config::{McpClient, McpEntry, McpServer, mcp_config};
pub use member::{
    Exposed, IdentityRotated, MemberChange, MemberUpdated, MemberView, NewMember, Removal,
    RotateIdentity, member_add, member_add_recovery, member_list, member_remove, member_show,
    member_update, rotate_identity,
};
pub use open_identity::{OpenMember, glance, open_identity};
pub use policy::{
    DiffFrom, FileChange, FileDiff, PolicyChange, PolicyDiff, PolicyView, Towards, Verdict,
    VerdictRule, policy_create, policy_diff, policy_list, policy_preview, policy_remove,
    policy_show, policy_test, policy_update,
};
pub use project::{
    allow_plugin, allow_project, deny_plugin, deny_project, find_project, named_vault,
    plugin_program, project_create, project_is_allowed, vault_is_known,
};
pub use recover::{Recovered, recover};
pub use scan::{
    ScanFinding, ScanMatch, ScanReport, ScanRequest, ScanValues, mark_leaked, scan,
    transcript_places,
};
pub use secret::{
    AdoptFile, AdoptOptions, AdoptPlan, AdoptValue, Adopted, Annotation, ByHand, EditorChoice,
    Existing, ImportEntry, ImportFrom, ImportOptions, ImportStatus, Imported, ImportedPolicy, Part,
    PastVersion, Recipe, Restored, StoreReport, Undo, UndoStep, Undoing, adopt, adopt_plan,
    adoptable, annotate, copy, edit, generate, get, get_version, history, import,
    imported_policies, may_store, otp, part, project_draft, project_write, read_import, rekey,
    rekey_needed, remove, remove_all, rename, rename_all, replace, restore, rotate, rotate_ready,
    store, store_ready, undo, undo_plan,
};
pub use session::{
    SessionCreated, SessionOptions, SessionStatus, SessionView, check_token_place, session_create,
    session_list, session_refresh, session_revoke, session_revoke_all, write_token,
};
pub use status::{
    BriefStatus, CallerView, RemoteView, Status, UnlockedView, UsableScope, Waits, status,
    status_brief,
};
pub use sync::{SyncChange, SyncEvent, SyncKind, SyncReport, last_fetched, sync};
pub use textconv::{Description, describe, digest_of};
pub use unlock::{UnlockOptions, UnlockPlace, UnlockReport, unlock};
