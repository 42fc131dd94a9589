//! What the fronts share. It knows none of them, and they do not know each other.

mod admin;
mod effect;
#[cfg(feature = "mcp")]
mod mcp;
mod status;
mod text;
mod undo;
mod when;

pub(crate) use admin::{Admin, Invocation, Setup};
pub(crate) use effect::{approval_lines, lines as effect_lines, request_lines, used_towards};
#[cfg(feature = "mcp")]
pub(crate) use mcp::{Mcp, Serving};
pub(crate) use status::marks;
pub(crate) use text::{counted, ends_a_block, expanded, recipient_shown};
pub(crate) use undo::undo_lines;
pub(crate) use when::{ago, left};

/// How long a value stays on the clipboard, where nobody says otherwise.
pub(crate) const KEEP_SECONDS: u16 = 45;

/// The fronts that the command line starts.
pub(crate) struct Fronts {
    /// The terminal interface.
    pub(crate) admin: Admin,
    /// The MCP server.
    #[cfg(feature = "mcp")]
    pub(crate) mcp: Mcp,
}
