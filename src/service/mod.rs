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
pub use base::once::OnceIdentity;
pub use base::plugin::{PluginAccess, PluginProgram, PluginUser};
pub use base::status::DocumentStatus;
#[cfg(feature = "sealed")]
pub use commands::sweep;
pub use commands::{
    AcceptedLoss, AdoptFile, AdoptOptions, AdoptPlan, AdoptValue, Adopted, Annotation, Answer,
    Approval, ApprovalKind, AuditFilter, BackupText, BriefStatus, ByHand, CallerView, Choice,
    ConflictKind, ConflictShown, ConflictView, Credential, Description, DiffFrom, EditorChoice,
    Existing, Exposed, FileChange, FileDiff, Finding, HelperSetup, IdentityRotated, ImportEntry,
    ImportFrom, ImportOptions, ImportStatus, Imported, ImportedPolicy, InitOptions, InitReport,
    InjectRequest, JoinOptions, JoinReport, ListDetails, ListEntry, ListOptions, LockReport,
    MachineOptions, MachineReport, Masking, McpClient, McpEntry, McpServer, MemberChange,
    MemberUpdated, MemberView, NameKind, NewMember, OpenMember, Part, PastVersion, PolicyChange,
    PolicyDiff, PolicyView, Proposal, Questioner, Recipe, Recovered, RemoteView, Removal,
    RemovedSecret, Restored, RotateIdentity, RunCommand, ScanFinding, ScanMatch, ScanReport,
    ScanRequest, ScanValues, SessionCreated, SessionOptions, SessionStatus, SessionView, Setting,
    Settings, SettingsFile, SetupPlaces, SetupStatus, Severity, SideView, Status, StoreReport,
    SyncChange, SyncEvent, SyncKind, SyncReport, TakeReport, Taken, Towards, Undo, UndoStep,
    Undoing, UnlockOptions, UnlockPlace, UnlockReport, UnlockedView, UsableScope, Verdict,
    VerdictRule, Waits, accept_vault, access_requests, adopt, adopt_plan, adoptable, alias_command,
    aliases, allow_plugin, allow_project, annotate, approval, approve, audit_accept, audit_show,
    audit_verify, backup, backup_text, check, check_program, check_staged, check_token_place,
    config_set, config_show, conflict_list, conflict_show, conflict_sides, conflict_take, copy,
    credential, credentials_by_name, credentials_each, deny_plugin, deny_project, describe,
    digest_of, edit, env, export, find_project, generate, get, get_version, glance, helper_install,
    helper_setup, helper_uninstall, history, hold, import, imported_policies, init, install_diff,
    install_hook, is_vault, join, known_names, last_fetched, lead, list, list_removed, lock,
    machine_join, mark_leaked, mask_commands, may_store, mcp_config, member_add,
    member_add_recovery, member_list, member_remove, member_show, member_update, misread,
    named_vault, open_identity, otp, part, place, placeholder, placeholder_named, places,
    plugin_program, policy_create, policy_diff, policy_list, policy_preview, policy_remove,
    policy_show, policy_test, policy_update, project_aliases, project_create, project_draft,
    project_is_allowed, project_write, read_copy, read_import, read_public, read_text, recover,
    rekey, rekey_needed, remove, remove_all, rename, rename_all, render, render_manifest, repair,
    replace, request_access, resolve, restore, rotate, rotate_identity, rotate_ready, run, scan,
    session_create, session_list, session_refresh, session_revoke, session_revoke_all, status,
    status_brief, store, store_ready, sync, transcript_places, undo, undo_plan, unlock, variable,
    variables, vault_is_known, write_token,
};
pub use identity::enroll::{NameSource, Newcomer};
pub use rules::effect::{Effect, MemberEffect, PatternEffect, Reached, ScopeEffect};
pub use rules::history::CommitView;
pub use rules::past::PastChange;
pub use rules::requested::AccessRequest;
pub use secret::belongs::{CredentialQuestion, Place};
pub use secret::new_value::StoreOptions;
pub use secret::readers::ReaderChange;
pub use sync::conflict::Side;
