//! The trail: what is recorded before it happens, and verifying it.

mod clone;
mod error;
mod keys;
mod location;
mod loss;
mod other_lines;
mod publish;
mod recorder;
mod session_line;
mod trail;
pub(crate) mod verify;

pub(crate) use location::{MAX_KEY, encrypt_chain_key, fallback_folder, lock_elsewhere};
pub(crate) use loss::{Acceptance, Loss, LossError, MAX_REASON, loss_of};
pub(crate) use publish::{Against, Unpublished};
pub(crate) use recorder::Recorder;
pub(crate) use session_line::created_line;
pub(crate) use trail::{local_chains, trail, travelling};
pub(crate) use verify::{
    ChainStatus, ChainSummary, VerifyReport, caller_if_any, session_of, verify_all,
};
