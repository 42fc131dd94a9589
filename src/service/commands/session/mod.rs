//! Sessions: made, listed, refreshed, revoked.

mod create;
mod error;
mod list;
mod out;
mod refresh;
mod revoke;

pub use create::{SessionCreated, SessionOptions, session_create};
pub use list::{SessionStatus, SessionView, session_list};
pub use out::{check_token_place, write_token};
pub use refresh::session_refresh;
pub use revoke::{session_revoke, session_revoke_all};
