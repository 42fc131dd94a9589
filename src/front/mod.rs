//! What the fronts share. It knows none of them, and they do not know each other.

mod admin;
mod effect;
mod text;

pub(crate) use admin::{Admin, Invocation, Setup};
pub(crate) use effect::{approval_lines, lines as effect_lines, request_lines, used_towards};
pub(crate) use text::{ends_a_block, expanded};

/// How long a value stays on the clipboard, where nobody says otherwise.
pub(crate) const KEEP_SECONDS: u16 = 45;
