//! Secrets: read, written, encrypted to their readers.

pub(crate) mod cache;
pub(crate) mod new_value;
pub(crate) mod read;
pub(crate) mod readers;
pub(crate) mod rotation;
pub(crate) mod write;
