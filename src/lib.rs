//! The library behind the `authy` command: a git-friendly secrets manager.
//!
//! Every command is a function that takes a [`Context`]: where the vault lies, who asks, what time
//! it is. It reads no environment and no clock, and never prints; what it has to ask or to say goes
//! to the [`Front`] in the context.
//!
//! ```
//! use authy::{
//!     Context, Front, IdentitySource, InitOptions, InjectRequest, Newcomer, Note, RunCommand,
//!     ScopeName, SecretBytes, SecretName, StoreOptions,
//! };
//! # use time::OffsetDateTime;
//!
//! /// Nobody to ask.
//! struct Unattended;
//!
//! impl Front for Unattended {
//!     fn passphrase(&self, _: &str) -> Option<SecretBytes> { None }
//!     fn new_passphrase(&self, _: &str) -> Option<SecretBytes> { None }
//!     fn consents(&self, _: &str) -> bool { false }
//!     fn now(&self) -> OffsetDateTime { OffsetDateTime::now_utc() }
//!     fn note(&self, note: &Note) { eprintln!("{note}") }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let home = home.path();
//! let mut ctx = Context::new(home.join("vault"), Box::new(Unattended));
//! let keyfile = home.join("alice.key");
//! let alice = Newcomer {
//!     name: Some("alice".parse()?),
//!     generate_keyfile: Some(keyfile.clone()),
//!     ..Newcomer::default()
//! };
//! authy::init(&ctx, &InitOptions { who: alice, ..InitOptions::default() })?;
//!
//! // From here on as whoever has the identity.
//! ctx.identity = IdentitySource::File(keyfile);
//! let name: SecretName = "db-url".parse()?;
//! let value = SecretBytes::from("postgres://db.internal/app".to_owned());
//! authy::store(&ctx, &name, &value, &StoreOptions::default())?;
//! assert_eq!(authy::get(&ctx, &name, None)?, value);
//!
//! // This process becomes the program, with DB_URL in its environment.
//! # fn run(ctx: &Context) -> authy::Result<()> {
//! let request = InjectRequest {
//!     scope: ScopeName::parse("backend").ok(),
//!     ..InjectRequest::default()
//! };
//! let command = RunCommand { argv: vec!["./server".into()], ..RunCommand::default() };
//! authy::run(ctx, &request, command)?;
//! # Ok(())
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # The sources
//!
//! What follows is a table of contents. The modules stand in layers, top to bottom, and arrows point down
//! only; `tests/layers.rs` reads the `use` lines and fails on any other. Fronts see what is
//! exported here, so a front cannot skip the service.

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(any(fuzzing, feature = "workbench"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "workbench")]
#[doc(hidden)]
pub mod workbench;

mod service;

#[cfg(feature = "sealed")]
mod seal;

mod access;
mod detect;
mod inject;
mod project;
mod transfer;

mod audit;
mod git;
mod session;
mod store;

mod crypto;
mod fs;
mod keyring;

mod name;
mod secret;

mod kind;
mod many;
mod process;
mod wait;
mod words;

#[cfg(test)]
#[path = "../tests/common/skipped.rs"]
mod skipped;

pub use audit::{AuditEntry, Outcome};
pub use inject::{
    Alphabet, DEFAULT_LENGTH, DEFAULT_WORDS, Dotenv, Ended, EndingSignals, Environment, Format,
    HelperCommand, Misread, Naming, OneTimeCode, Reader, Shell,
};
pub use keyring::{UnlockSocket, keep_unlocked, take_unlock_socket};
pub use kind::Kind;
pub use many::some_of;
pub use name::{
    Address, GroupName, HelperTool, Host, MachineName, MemberName, NameError, PluginName,
    ScopeName, SecretName, ServiceUrl, ServiceUser, SessionId, ToolName, Ttl, TtlError, printable,
};
pub use process::keep_memory_private;
pub use project::{ProjectDraft, ProjectFile};
pub use secret::{RUN_KEYFILE, SecretBytes, UNLOCKED, WITHHELD};
#[cfg(feature = "sealed")]
pub use service::sweep;
pub use service::{
    AcceptedLoss, AccessRequest, AdoptFile, AdoptOptions, AdoptPlan, AdoptValue, Adopted,
    AgentAtWork, Annotation, Answer, Approval, ApprovalKind, AuditFilter, BackupText, BriefStatus,
    ByHand, CallerView, ChainStatus, ChainSummary, Choice, CommitView, ConflictKind, ConflictShown,
    ConflictView, Context, Credential, CredentialQuestion, Description, DiffFrom, DocumentStatus,
    EditorChoice, Effect, Error, Existing, Exposed, FileChange, FileDiff, Finding, Front,
    HelperSetup, IdentityRotated, IdentitySource, ImportEntry, ImportFrom, ImportOptions,
    ImportStatus, Imported, ImportedPolicy, InitOptions, InitReport, InjectRequest, JoinOptions,
    JoinReport, ListDetails, ListEntry, ListOptions, LockReport, MachineOptions, MachineReport,
    Masking, McpClient, McpEntry, McpServer, MemberChange, MemberEffect, MemberUpdated, MemberView,
    NameKind, NameSource, NewMember, Newcomer, Note, OnceIdentity, OpenIdentity, OpenMember, Part,
    PastChange, PastVersion, PatternEffect, Place, PluginAccess, PluginProgram, PluginUser,
    PolicyChange, PolicyDiff, PolicyView, Proposal, Questioner, Reached, ReaderChange, Recipe,
    Recovered, RemoteView, Removal, RemovedSecret, Restored, Result, RotateIdentity, RunCommand,
    ScanFinding, ScanMatch, ScanReport, ScanRequest, ScanValues, ScopeEffect, SessionCreated,
    SessionOptions, SessionStatus, SessionView, Setting, Settings, SettingsFile, SetupPlaces,
    SetupStatus, Severity, Side, SideView, Status, StoreOptions, StoreReport, SyncChange,
    SyncEvent, SyncKind, SyncReport, TakeReport, Taken, TokenSource, Towards, Undo, UndoStep,
    Undoing, UnlockOptions, UnlockPlace, UnlockReport, UnlockedView, Unseen, UsableScope, Verdict,
    VerdictRule, VerifyReport, Waits, accept_vault, access_requests, adopt, adopt_plan, adoptable,
    alias_command, aliases, allow_plugin, allow_project, annotate, approval, approve, audit_accept,
    audit_show, audit_verify, backup, backup_text, check, check_program, check_staged,
    check_token_place, config_set, config_show, conflict_list, conflict_show, conflict_sides,
    conflict_take, copy, credential, credentials_by_name, credentials_each, deny_plugin,
    deny_project, describe, digest_of, edit, env, export, find_project, generate, get, get_version,
    glance, helper_install, helper_setup, helper_uninstall, history, hold, import,
    imported_policies, init, install_diff, install_hook, is_vault, join, known_names, last_fetched,
    lead, list, list_removed, lock, machine_join, mark_leaked, mask_commands, may_store,
    mcp_config, member_add, member_add_recovery, member_list, member_remove, member_show,
    member_update, misread, named_vault, open_identity, otp, part, place, placeholder,
    placeholder_named, places, plugin_program, policy_create, policy_diff, policy_list,
    policy_preview, policy_remove, policy_show, policy_test, policy_update, project_aliases,
    project_create, project_draft, project_is_allowed, project_write, read_copy, read_import,
    read_public, read_text, recover, rekey, rekey_needed, remove, remove_all, rename, rename_all,
    render, render_manifest, repair, replace, request_access, resolve, restore, rotate,
    rotate_identity, rotate_ready, run, scan, session_create, session_list, session_refresh,
    session_revoke, session_revoke_all, status, status_brief, store, store_ready, sync,
    transcript_places, undo, undo_plan, unlock, variable, variables, vault_is_known, write_token,
};
pub use store::{Agents, AuditMode, CommitMode, SealedRule, SyncMode};
pub use transfer::{AdoptThen, Doubt, IMPORT_FORMATS, ImportFormat};
