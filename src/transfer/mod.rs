//! Secrets that come from elsewhere: files, and other managers through their own programs. One
//! file per format.
//!
//! Knows names and bytes: what comes out are pairs of the name there and the value, in memory
//! that is wiped. Nothing here knows the vault, prints or asks.

mod dotenv;
mod error;
mod name;
mod programs;
mod tree;

pub(crate) use error::TransferError;
pub(crate) use name::name_here;
pub(crate) use programs::{Place, fetch};

use crate::secret::SecretBytes;

/// Where secrets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A `.env` file.
    Dotenv,
    /// A JSON object; objects inside become segments of names.
    Json,
    /// A YAML mapping, as JSON.
    Yaml,
    /// The store of `pass`.
    Pass,
    /// The store of `passage`.
    Passage,
    /// The stores of `gopass`.
    Gopass,
    /// A file that `sops` decrypts.
    Sops,
    /// 1Password, through `op`.
    OnePassword,
    /// HashiCorp Vault, through `vault`.
    Vault,
}

impl Source {
    /// The program that is asked, where one is.
    pub(crate) const fn program(self) -> Option<&'static str> {
        Some(match self {
            Self::Dotenv | Self::Json | Self::Yaml => return None,
            Self::Pass => "pass",
            Self::Passage => "passage",
            Self::Gopass => "gopass",
            Self::Sops => "sops",
            Self::OnePassword => "op",
            Self::Vault => "vault",
        })
    }
}

/// A secret as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its name there.
    pub(crate) name: String,
    /// Its value; `None` where it is nothing that could be one, such as a list.
    pub(crate) value: Option<SecretBytes>,
    /// Where it stands, as a line of the file, where that is known.
    pub(crate) line: Option<usize>,
    /// Whether programs that read such a file differ about this value.
    pub(crate) is_doubtful: bool,
}

impl Found {
    fn new(name: String, value: SecretBytes) -> Self {
        Self { name, value: Some(value), line: None, is_doubtful: false }
    }
}

/// Reads what a file holds.
///
/// # Errors
/// [`TransferError`] with the line, where it is not of that format.
pub(crate) fn parse(source: Source, bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    match source {
        Source::Json => tree::json(bytes),
        Source::Yaml => tree::yaml(bytes),
        _ => dotenv::parse(bytes),
    }
}
