//! Members and policies: what is in force, what waits, what a change does.

pub(crate) mod effect;
pub(crate) mod history;
pub(crate) mod past;
pub(crate) mod requested;
mod review;
mod update;

pub(crate) use effect::Effect;
pub(crate) use history::{
    CommitView, approving_commit, as_last_approved, last_change, next_version, rules_at, text_diff,
};
pub(crate) use past::{
    PastChange, PastError, Says, annotated, changed, past_version, put_back, secret_at,
};
pub(crate) use requested::{AccessRequest, open_requests};
pub(crate) use review::{State, shown_member, shown_policy};
pub(crate) use update::{Encryption, RuleUpdate, apply_rules, revoke_of};
