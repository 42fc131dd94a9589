//! Secrets: read, written, encrypted to their readers.

pub(crate) mod belongs;
pub(crate) mod cache;
mod index;
pub(crate) mod new_value;
pub(crate) mod read;
pub(crate) mod readers;
mod rotation;
mod write;

pub(crate) use belongs::{CredentialQuestion, Place, Placeholder};
pub(crate) use new_value::{NewValue, StoreOptions, new_record, note_unapproved};
pub(crate) use read::{Reading, Wanted, read_loaded, read_one, settled};
pub(crate) use readers::{
    Preencrypted, ReaderChange, encrypt_to, exposed, kept_readers, note_pending, note_undecided,
    pending, pending_under, reencrypt, rekey_waits_for, withheld,
};
pub(crate) use rotation::due;
pub(crate) use write::may_write;
