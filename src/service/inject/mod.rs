//! Values on their way into programs and files.

pub(crate) mod error;
pub(crate) mod template;
