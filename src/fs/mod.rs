//! Files: where everything of a vault lies, and how it is read, listed, locked and replaced.
//!
//! What lies below a vault's root is hostile: no link is followed there, nothing but regular
//! files is read, and every read is bounded. Vault files are replaced by rename only, all of
//! a change or none. Knows no format of its files, except its own journal. Unix only.

pub(crate) mod clock;
mod error;
mod folder;
mod guarded;
mod journal;
mod list;
mod local;
mod lock;
mod mark;
mod memory;
mod paths;
mod publish;
mod read;
mod stage;
mod sync;
mod tree;
mod walk;
mod write;

pub(crate) use error::FsError;
pub(crate) use guarded::{is_guarded, is_program};
pub(crate) use journal::needs_recovery;
pub(crate) use list::{Listing, list, refuse_linked};
pub(crate) use local::LocalFile;
pub(crate) use lock::{Lock, lock_file};
pub(crate) use mark::{folders_of_secrets, is_marked_since, mark, mark_of};
pub(crate) use memory::MemoryFile;
pub(crate) use paths::{
    CHAIN_ENDING, FOLDERS, GrantPlace, KEYS, LOCAL, Root, SESSIONS, Subject, VaultPath,
    chain_folder, chain_key_file, published_file, segment_file,
};
pub(crate) use publish::recover;
pub(crate) use read::{
    Reader, can_be_written, is_own_alone, is_same, mode_of, read, read_named, read_outside,
    read_plain, refuse_linked_folders,
};
pub(crate) use stage::Stage;

pub(crate) use sync::{WholeFlush, sync_entries};
pub(crate) use tree::{Looked, Tree, in_pieces, left_out_by, visit_files};
pub(crate) use write::{
    append_lines, create_new, jot, keep, link_new, make_folders, remember, remove_file,
    remove_older, replace, rewrite,
};

/// Draws a name that nobody can guess: 16 hex digits.
fn random_name() -> String {
    data_encoding::HEXLOWER.encode(&rand::random::<[u8; 8]>())
}
