//! What secrets come in from, and what was read there.

use std::path::PathBuf;

use crate::inject;
use crate::name::{ServiceUrl, ServiceUser};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result};
use crate::transfer::{self, About, Found, ImportFormat, OldPolicy, StoreLocation};

/// What is imported.
#[derive(Debug)]
pub enum ImportFrom {
    /// The bytes of a file, and their format.
    Bytes(&'static ImportFormat, SecretBytes),
    /// What another manager's program gives out.
    Program {
        /// Which one.
        format: &'static ImportFormat,
        /// A file, a folder or a path in there, as it was typed.
        given: Option<String>,
        /// The store's folder where nothing is given.
        folder: Option<PathBuf>,
    },
    /// A vault of authy 0.7.
    OldVault {
        /// Its folder.
        folder: PathBuf,
        /// The keyfile that opens it; else those in its folder `keys`, else the caller's identity.
        keyfile: Option<PathBuf>,
    },
}

/// Secrets that were read and are not imported yet.
#[derive(Debug)]
pub struct Imported {
    pub(super) found: Vec<Found>,
    pub(super) policies: Vec<OldPolicy>,
    /// What the source has that does not come along, in words.
    pub left: Vec<String>,
}

impl Imported {
    /// What was read elsewhere.
    pub(crate) fn of(found: Vec<Found>) -> Self {
        Self { found, policies: Vec::new(), left: Vec::new() }
    }
}

/// Reads what is to be imported.
///
/// # Errors
/// It is not of that format; the program is missing or fails; nothing opens it.
pub fn read_import(ctx: &Context, from: &ImportFrom) -> Result<Imported> {
    let mut left = Vec::new();
    let found = match from {
        ImportFrom::Bytes(format, bytes) => {
            left = (format.counted)(bytes);
            left.push(format.leaves.to_owned());
            transfer::parse(format, bytes)?
        }
        ImportFrom::Program { format, given, folder } => {
            let from = StoreLocation { given: given.clone(), folder: folder.clone() };
            let mut found = transfer::fetch(format, &from)?;
            found.iter_mut().for_each(say_where);
            left.push(format.leaves.to_owned());
            found
        }
        ImportFrom::OldVault { folder, keyfile } => {
            return super::old::read(ctx, folder, keyfile.as_deref());
        }
    };
    Ok(Imported { found, policies: Vec::new(), left })
}

/// Says of an entry of pass, whose lines after the password are fields, where it belongs.
fn say_where(found: &mut Found) {
    let Ok(value) = &found.value else { return };
    if found.about.is_some() || inject::password(value).is_none() {
        return;
    }
    let field = |keys: &[&str]| {
        let text = keys.iter().find_map(|key| inject::field(value, key))?;
        text.expose_str().map(str::to_owned)
    };
    let url = field(&["url", "website", "site"]);
    let url = url.and_then(|url| ServiceUrl::asked(&url).ok()).map(|url| url.origin());
    // An address, and no name that somebody gave a site.
    let is_address = |url: &ServiceUrl| url.host().is_some_and(|host| host.as_str().contains('.'));
    if let Some(url) = url.filter(ServiceUrl::is_private).filter(is_address) {
        let user = field(&["user", "username", "login"]);
        let user = user.and_then(|user| ServiceUser::parse(&user).ok());
        let about = About { tags: Vec::new(), description: None, services: vec![url], user };
        found.about = Some(about);
    }
}
