//! The trail: what is recorded before it happens, and verifying it.

pub(crate) mod clone;
pub(crate) mod error;
pub(crate) mod recorder;
pub(crate) mod session_line;
pub(crate) mod verify;
