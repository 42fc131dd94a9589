//! What everything in the service begins with: the front's context, errors and notes, an open vault
//! and its rules.

pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod error;
pub(crate) mod names;
pub(crate) mod note;
pub(crate) mod opening;
pub(crate) mod scope;
pub(crate) mod secret_error;
pub(crate) mod status;
pub(crate) mod token_error;
