//! Secrets that come from elsewhere: files, and other managers through their own programs. The table
//! of them is `formats`.
//!
//! Knows names and bytes: what comes out are pairs of the name there and the value, in memory
//! that is wiped. Nothing here knows the vault, prints or asks.

mod adopt;
mod dotenv;
mod encrypted;
mod error;
mod exports;
mod formats;
mod json;
mod name;
mod old_authy;
mod programs;
mod stores;
mod yaml;

pub use adopt::AdoptThen;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use adopt::editors;
pub(crate) use adopt::{
    Candidate, Choice, DOTS, Odd, SCHEMES, is_secret_name, kind_of, usual_places,
};
pub(crate) use error::TransferError;
pub use formats::{IMPORT_FORMATS, ImportFormat};
pub(crate) use formats::{StoreLocation, fetch, parse};
pub(crate) use name::{name_here, pattern_here};
pub(crate) use old_authy::{
    FILE as OLD_FILE, LIMIT as OLD_LIMIT, OldPolicy, OldVault, parse as parse_old,
};

use crate::name::{ServiceUrl, ServiceUser};
use crate::secret::SecretBytes;

/// A secret as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its name there.
    pub(crate) name: String,
    /// Its value, or what stands there that could be none.
    pub(crate) value: Result<SecretBytes, NoValue>,
    /// Where it stands, as a line of the file, where that is known.
    pub(crate) line: Option<usize>,
    /// Why somebody should look at it.
    pub(crate) doubt: Option<Doubt>,
    /// What is said of it there.
    pub(crate) about: Option<About>,
}

/// What another vault says of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) tags: Vec<String>,
    pub(crate) description: Option<String>,
    /// The services that it belongs to.
    pub(crate) services: Vec<ServiceUrl>,
    /// The user name that goes with it there.
    pub(crate) user: Option<ServiceUser>,
}

impl About {
    /// Where a password belongs: its addresses as far as they are of https, and who one is there.
    fn at(urls: impl Iterator<Item = String>, user: Option<&str>) -> Option<Self> {
        let services: Vec<_> = urls
            .filter_map(|url| ServiceUrl::asked(&url).ok())
            .map(|url| url.origin())
            .filter(ServiceUrl::is_private)
            .collect();
        let user = user.and_then(|user| ServiceUser::parse(user).ok());
        let about = Self { tags: Vec::new(), description: None, services, user };
        (!about.services.is_empty()).then_some(about)
    }
}

impl Found {
    fn new(name: String, value: SecretBytes) -> Self {
        Self { name, value: Ok(value), line: None, doubt: None, about: None }
    }

    fn none(name: String, what: NoValue) -> Self {
        Self { name, value: Err(what), line: None, doubt: None, about: None }
    }
}

/// A text that is wiped.
pub(crate) struct SecretText(SecretBytes);

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretBytes::from(text)))
    }
}

/// What could be no value, in words.
pub(crate) type NoValue = &'static str;

/// Why a value wants looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Programs that read such a file differ about it.
    Readers,
    /// A `$(…)` in it is a command to some of them.
    Command,
}

#[cfg(test)]
mod tests {
    use super::{Found, TransferError};
    use crate::secret::SecretBytes;

    /// The names that were found, each with its value as text or what stands there instead.
    pub(super) fn pairs(
        read: Result<Vec<Found>, TransferError>,
    ) -> Vec<(String, Result<String, &'static str>)> {
        let text = |value: SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        read.unwrap().into_iter().map(|found| (found.name, found.value.map(text))).collect()
    }
}
