//! The lower floor of the service: what every action is made of.
//!
//! A [`Context`](context::Context) goes in, the vault is opened (`opening`), whoever asks is
//! found out (`caller` by an identity, `bearer` by a token). Values are read through
//! `reading`: decide, record, open. Everything that changes goes through `transaction`: lock,
//! stage, audit, publish, commit. Nothing here knows an action.

pub(crate) mod agent;
pub(crate) mod bearer;
pub(crate) mod caller;
pub(crate) mod chain_error;
pub(crate) mod clash;
pub(crate) mod clock;
pub(crate) mod clone;
pub(crate) mod commit;
pub(crate) mod context;
pub(crate) mod due;
pub(crate) mod effect;
pub(crate) mod enacting;
pub(crate) mod error;
pub(crate) mod identity_error;
pub(crate) mod importing;
pub(crate) mod known;
pub(crate) mod newcomer;
pub(crate) mod note;
pub(crate) mod opening;
pub(crate) mod orphans;
pub(crate) mod own;
pub(crate) mod past;
pub(crate) mod readers;
pub(crate) mod reading;
pub(crate) mod recorder;
pub(crate) mod records;
pub(crate) mod refresh;
pub(crate) mod scaffold;
pub(crate) mod scope;
pub(crate) mod sealing;
pub(crate) mod secret_error;
pub(crate) mod settling;
pub(crate) mod shared;
pub(crate) mod stated;
pub(crate) mod sync;
pub(crate) mod team;
pub(crate) mod templates;
pub(crate) mod token_error;
pub(crate) mod trail;
pub(crate) mod transaction;
pub(crate) mod values;
pub(crate) mod vouching;
