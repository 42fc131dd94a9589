//! The audit chains: lines, appending them, verifying them, reading them back.
//!
//! A chain is a row of JSON lines with one writer, who keeps all of it in segments ([`ChainFiles`]);
//! what travels are copies, cut where commits were made ([`Published`]). Each line carries the hash of the one
//! before it and a mac under the chain's key, so every change is found with its place.
//! Nothing here knows policies, sessions, git or how a chain key is sealed: callers bring
//! paths, keys and the time. A [`Receipt`] is the only proof that a line is on disk.

mod action;
mod actor;
mod chain;
mod checked;
mod cross;
mod cuts;
mod error;
mod event;
mod expect;
mod fast_line;
mod fault;
mod file;
mod filter;
mod found;
mod handover;
mod layout;
mod limits;
mod line;
mod name;
mod opening;
mod published;
mod segments;
mod stamp;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use action::Action;
pub(crate) use actor::Actor;
pub(crate) use chain::{Chain, Opener, Opening, Receipt};
pub(crate) use cross::{LinePlace, cross_check};
pub(crate) use cuts::Cut;
pub(crate) use error::AuditError;
pub use event::Outcome;
pub(crate) use event::{Event, Op};
pub(crate) use expect::Expect;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use fast_line::agrees as line_readers_agree;
pub(crate) use fault::Fault;
pub use filter::Entry as AuditEntry;
pub(crate) use filter::{Filter, merge, newest};
pub(crate) use limits::SEGMENT;
pub(crate) use line::Line;
pub(crate) use name::{ChainName, Head};
pub(crate) use published::Published;
pub(crate) use segments::{ChainFiles, Segment, chains_in};
#[cfg(test)]
pub(crate) use verify::verify;
pub(crate) use verify::{ChainReport, Verdict, missing};
