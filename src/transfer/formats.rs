//! The table of what secrets can come in from: one row each, which is all that has to be added for
//! another one, beside the file that reads it.

use std::path::{Path, PathBuf};

use super::error::TransferError;
use super::{Found, dotenv, encrypted, exports, json, programs, stores, yaml};
use crate::secret::SecretBytes;

/// Something that secrets come in from.
#[derive(Debug)]
pub struct ImportFormat {
    /// What `import --from` calls it.
    pub name: &'static str,
    /// What it is, for people.
    pub help: &'static str,
    /// Endings of the names of files that are of it.
    pub endings: &'static [&'static str],
    /// Where its store is where nothing else is said: by the variable, else below the home folder.
    pub store: Option<(&'static str, &'static str)>,
    /// What its source has that does not come along, as a list in words.
    pub leaves: &'static str,
    /// What more of it there is in a file, counted.
    pub(crate) counted: fn(&SecretBytes) -> Vec<String>,
    pub(super) read: Read,
}

/// How one is read.
#[derive(Debug)]
pub(super) enum Read {
    /// From the bytes of a file.
    File(fn(&SecretBytes) -> Result<Vec<Found>, TransferError>),
    /// By asking the program of this name.
    Program(&'static str, fn(&'static str, &StoreLocation) -> Result<Vec<Found>, TransferError>),
    /// It is a vault, which is opened.
    OldVault,
}

/// Where a program finds its secrets.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoreLocation {
    /// A file, a folder or a path inside the other manager, as it was typed.
    pub(crate) given: Option<String>,
    /// The store's folder where nothing is given.
    pub(crate) folder: Option<PathBuf>,
}

/// All of them, as `import --help` lists them. The first is what a file is whose name says nothing.
pub static IMPORT_FORMATS: [ImportFormat; 21] = [
    file("dotenv", "A .env file", "comments", dotenv::parse).ending(&["env"]),
    file("json", "A JSON object", NO_TYPES, json::parse).ending(&["json"]),
    file("yaml", "A YAML mapping", NO_TYPES, yaml::parse).ending(&["yaml", "yml"]),
    ImportFormat {
        store: Some(("PASSWORD_STORE_DIR", ".password-store")),
        ..program(
            "pass",
            "pass, the standard unix password manager",
            "earlier values (git's history), who reads a folder (.gpg-id)",
            Read::Program("pass", programs::pass),
        )
    },
    ImportFormat {
        store: Some(("PASSAGE_DIR", ".passage/store")),
        ..program(
            "passage",
            "passage",
            "earlier values (git's history), who reads a folder (.age-recipients)",
            Read::Program("passage", programs::passage),
        )
    },
    program(
        "gopass",
        "gopass",
        "earlier values (git's history), recipients",
        Read::Program("gopass", programs::gopass),
    ),
    program(
        "sops",
        "A file encrypted with sops",
        "its recipients and rules (.sops.yaml), comments",
        Read::Program("sops", programs::sops),
    ),
    program(
        "1password",
        "1Password, through op",
        "fields that are not concealed, user names of items without an address, documents and \
         attached files, earlier values, who sees a vault",
        Read::Program("op", programs::one_password),
    ),
    program(
        "vault",
        "HashiCorp Vault",
        "earlier versions, metadata, paths below this one, policies, secrets that are made on demand",
        Read::Program("vault", programs::vault),
    ),
    ImportFormat {
        counted: exports::left_of_bitwarden,
        ..file(
            "bitwarden",
            "Bitwarden: what 'bw export --format json' writes",
            "attached files, who shares a collection",
            exports::bitwarden,
        )
    },
    file(
        "keepassxc",
        "KeePassXC: what 'keepassxc-cli export --format csv' writes",
        "attributes and attached files, tags, earlier values, user names of entries without an address",
        exports::keepassxc,
    ),
    program(
        "dotenvx",
        "A .env file that dotenvx encrypted",
        "the key that decrypts it, comments",
        Read::Program("dotenvx", exports::dotenvx),
    ),
    program(
        "fnox",
        "fnox, all that it resolves here",
        "other profiles, descriptions, where each value comes from",
        Read::Program("fnox", exports::fnox),
    ),
    program(
        "doppler",
        "Doppler, this folder's or PROJECT/CONFIG",
        "other configurations, earlier values, notes, who may see it; references come as their values",
        Read::Program("doppler", exports::doppler),
    ),
    program(
        "infisical",
        "Infisical, an environment",
        "other environments and folders, earlier values, comments, tags, who may see it",
        Read::Program("infisical", exports::infisical),
    ),
    program(
        "chamber",
        "chamber, a service",
        "other services, earlier values",
        Read::Program("chamber", exports::chamber),
    ),
    program(
        "secretspec",
        "secretspec, this folder's, and a profile",
        "other profiles, descriptions, defaults as such, where each value comes from",
        Read::Program("secretspec", stores::secretspec),
    ),
    program(
        "cottage",
        "cottage, a folder",
        "recipients, previews, earlier values (git's history)",
        Read::Program("ctg", stores::cottage),
    ),
    program(
        "kbs2",
        "kbs2, or one of its records",
        "user names of logins, names of variables, times",
        Read::Program("kbs2", stores::kbs2),
    ),
    program(
        "envchain",
        "envchain, or one of its namespaces",
        "whether the keychain asks at each use",
        Read::Program("envchain", stores::envchain),
    ),
    program(
        "authy-0.7",
        "The one file of authy 0.7 and before, and its policies; a folder, usually ~/.authy-0.7",
        "sessions, the audit log, times and versions",
        Read::OldVault,
    ),
];

/// What a tree of values loses.
const NO_TYPES: &str = "types (numbers and booleans become text), comments";

const fn file(
    name: &'static str,
    help: &'static str,
    leaves: &'static str,
    parse: fn(&SecretBytes) -> Result<Vec<Found>, TransferError>,
) -> ImportFormat {
    program(name, help, leaves, Read::File(parse))
}

const fn program(
    name: &'static str,
    help: &'static str,
    leaves: &'static str,
    read: Read,
) -> ImportFormat {
    ImportFormat { name, help, endings: &[], store: None, leaves, counted: |_| Vec::new(), read }
}

impl ImportFormat {
    const fn ending(self, endings: &'static [&'static str]) -> Self {
        Self { endings, ..self }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        IMPORT_FORMATS.iter().find(|format| format.name == name)
    }

    /// What a file is by its name, else dotenv.
    pub fn of_file(file: &Path) -> &'static Self {
        let ending = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let is_it = |format: &&Self| format.endings.contains(&ending.as_str());
        IMPORT_FORMATS.iter().find(is_it).unwrap_or(&IMPORT_FORMATS[0])
    }

    /// Whether it is read from the bytes of a file.
    pub const fn is_file(&self) -> bool {
        matches!(self.read, Read::File(_))
    }

    /// Whether it is a vault of authy 0.7 or before.
    pub const fn is_old_vault(&self) -> bool {
        matches!(self.read, Read::OldVault)
    }
}

/// Reads what a file holds.
///
/// # Errors
/// [`TransferError`] with the line, where it is not of that format; its values are encrypted; what
/// is of this format is no file.
pub(crate) fn parse(
    format: &'static ImportFormat,
    bytes: &SecretBytes,
) -> Result<Vec<Found>, TransferError> {
    let Read::File(parse) = format.read else { return Err(TransferError::NoFile(format.name)) };
    let found = parse(bytes)?;
    encrypted::refuse(format.name, &found)?;
    Ok(found)
}

/// Fetches all there is from a manager, through its own program.
///
/// # Errors
/// [`TransferError`]: no program, or what it said.
pub(crate) fn fetch(
    format: &'static ImportFormat,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    match format.read {
        Read::Program(program, fetch) => fetch(program, from),
        Read::File(_) | Read::OldVault => Err(TransferError::NoProgramOf(format.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::{IMPORT_FORMATS, ImportFormat};
    use std::path::Path;

    #[test]
    fn each_has_a_name_and_an_ending_of_its_own() {
        for (at, one) in IMPORT_FORMATS.iter().enumerate() {
            assert!(std::ptr::eq(ImportFormat::named(one.name).unwrap(), one));
            for other in &IMPORT_FORMATS[..at] {
                assert!(one.endings.iter().all(|ending| !other.endings.contains(ending)));
            }
        }
        assert!(ImportFormat::named("").is_none());
    }

    #[test]
    fn a_file_is_what_its_name_ends_in() {
        for (file, name) in [
            ("a.json", "json"),
            ("dir.json/a.YML", "yaml"),
            (".env", "dotenv"),
            ("prod.env", "dotenv"),
            ("-", "dotenv"),
            ("secrets.txt", "dotenv"),
        ] {
            assert_eq!(ImportFormat::of_file(Path::new(file)).name, name, "{file}");
        }
    }
}
