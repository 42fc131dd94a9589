//! Who may do what: policies compiled and asked, readers derived, values opened.
//!
//! The one place where access is decided, and the one place where plaintext begins to
//! exist. Fronts and the service ask; they hold no rule of their own.

mod bearer;
mod decide;
mod error;
mod exposure;
mod open;
mod pattern;
mod policy;
mod rules;
mod ruling;
#[cfg_attr(not(feature = "sealed"), allow(dead_code, reason = "only the proxy asks for these"))]
mod seal;
mod shelf;

pub(crate) use bearer::{Bearer, limits};
pub(crate) use decide::{Access, Caller, Need, Principal, Program, Reach};
pub(crate) use error::{AccessError, USE_IDENTITY};
pub(crate) use exposure::Exposure;
pub(crate) use pattern::Pattern;
pub(crate) use policy::{Rule, ScopePolicy};
pub(crate) use rules::{PolicyState, RuleChange, RuleDocument, Rules};
pub(crate) use ruling::Ruling;
#[cfg(feature = "sealed")]
pub(crate) use seal::SetHeader;
pub(crate) use seal::{Injection, Refusal, SealRefused, Sealing, Target};
