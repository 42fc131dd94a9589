//! The vault's files: documents, signatures, records, and what this machine remembers of them.
//!
//! Everything that leaves this module was read within limits, is well formed, and carries
//! a signature that was checked. Who may sign a record is a rule, so it is asked of the
//! caller ([`Authority`]); nothing here decides about access, and nothing here decrypts.

mod admin_sets;
mod admins_on;
mod branch;
mod claim;
mod documents;
mod error;
mod folders;
mod grant;
mod only_on;
mod pin_store;
mod pins;
mod plain;
mod plugins;
mod put_back;
mod record;
mod request;
mod sealed;
mod signed;
mod stamp;
mod standing;
mod subject;
mod vault;

pub(crate) use branch::{AcceptedTip, BranchSide, Commits, OtherContent};
pub(crate) use claim::Claim;
pub(crate) use documents::{AdminSet, Config, Document, FORMAT, Grantee, Member, Policy};
pub use documents::{Agents, AuditMode, CommitMode, SyncMode};
pub(crate) use error::{RolledBackPast, StoreError};
pub(crate) use folders::{known_vault, remember_vault};
pub(crate) use grant::Grant;
pub(crate) use pin_store::{OwnHead, Pin};
pub(crate) use pins::Version;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use plain::agrees as readers_agree;
pub(crate) use record::{EncryptedSecret, Reader, Record};
pub use sealed::SealedRule;
pub(crate) use signed::{Signed, Signer, Unverified, in_conflict, render, sign, signature_claimed};
pub(crate) use stamp::Stamp;
pub(crate) use standing::Standing;
pub(crate) use subject::SubjectTemplate;
pub(crate) use vault::{Authority, Vault, accept_vault, refuse_old};

/// Largest signed TOML file in bytes.
pub(crate) const MAX_TOML: usize = 64 << 10;
/// Largest sealed value in bytes: the value, 64 KiB of header, and the tag of each chunk.
pub(crate) const MAX_SEALED: usize = crate::secret::MAX_VALUE + (64 << 10) + 4096;
