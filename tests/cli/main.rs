//! Drives the real `authy` binary with real git, age and shells, each test in a HOME of its own.
//!
//! One file per command or theme. Rules are tested beside the code; what is tested here is
//! what a person or a script sees: exit codes, bytes, files, commits. A refusal
//! (`Call::fails`) always asserts that the vault is byte for byte as it was.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test helper that fails should stop the test"
)]

mod harness;
mod open_requests;
mod outcome;
mod score;
mod screen;
#[path = "../common/skipped.rs"]
mod skipped;
mod snapshot;
mod team;
mod vault;

mod admin;
mod adopt;
mod agents;
mod annotate;
mod audit;
mod audit_segments;
mod audit_tamper;
mod belongs;
mod branch_pins;
mod branch_soak;
mod branches;
mod change;
mod check;
mod check_base;
mod child;
mod completions;
mod concurrency;
mod conflict;
mod corpus;
mod crash;
mod edit;
mod env;
mod fingers;
mod forge;
mod forgotten;
mod get;
mod git;
mod git_deferred;
mod git_mended;
mod git_setup;
mod guide;
mod guide_agents;
mod guide_session;
mod habits;
mod helper;
mod history;
mod hook;
mod hook_scenes;
mod hostile;
mod identity;
mod identity_once;
mod import;
mod init;
mod jj;
mod join;
mod kinds;
mod leaks;
mod leave;
mod ledger;
mod list;
mod loss;
mod machines;
mod masking;
mod masking_terminal;
mod masking_writers;
mod matrix;
mod mcp;
mod member_update;
mod members;
mod missing;
mod narrowed;
mod old_vault;
mod own_grant;
mod plugin;
mod policy;
mod policy_bites;
mod policy_diff;
mod project;
mod pull;
mod quantum;
mod read_only;
mod recovery;
mod refused_variables;
mod rekey;
mod removed;
mod request;
mod rotate_identity;
mod run;
mod run_files;
mod sandboxed;
mod scan;
mod sealed;
mod session;
mod session_audit;
mod session_fresh;
mod session_shared;
mod shells;
mod soak;
mod status;
mod store;
mod sync;
mod taken_away;
mod tamper;
mod tamper_all;
mod terminal;
mod token;
mod token_by_hand;
mod token_only;
mod token_widening;
mod traces;
mod trail;
mod typed;
mod undo;
mod unfinished;
mod unlock;
mod waiting_edits;
