//! Who asks: a member by an identity, a newcomer, an agent at work.

pub(crate) mod agent;
pub(crate) mod authenticate;
pub(crate) mod enroll;
mod error;
pub(crate) mod kept;
mod member_error;
mod once;

pub(crate) use agent::{Asked, Verdict, is_of_its_own, refuse_always};
pub(crate) use authenticate::{
    identity_file, key_files, keys_without_copy, load, load_source, member_of, own_keys, owns,
    ready_recipients, recipients, signer, with_plugins,
};
pub(crate) use enroll::{BACKUP, NameSource, Newcomer, acceptable, refuse_taken};
pub(crate) use error::IdentityError;
pub(crate) use member_error::MemberError;
