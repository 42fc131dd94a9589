//! What a project file says: read with care, checked key by key, each fault with its line.
//!
//! Nothing is obeyed here. `digest` covers the bytes that were parsed, so what was allowed
//! is what counts even if the file changes meanwhile.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::MAX_SIZE;
use super::error::{Fault, ProjectError};
use super::worktree;
use crate::name::{ScopeName, SecretName, ToolName};

/// The tables of a project file.
const TABLES: [&str; 4] = ["authy", "env", "files", "require"];
/// The keys of `[authy]`.
const KEYS: [&str; 8] =
    ["scope", "keyfile", "token_file", "vault", "uppercase", "replace_dash", "prefix", "aliases"];

/// A project file as it was read. Whether its user allowed it is another question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFile {
    /// Where it is; the folder's real path.
    pub path: PathBuf,
    /// The scope of commands given without one.
    pub scope: Option<ScopeName>,
    /// The identity's file.
    pub keyfile: Option<PathBuf>,
    /// The file of a session token.
    pub token_file: Option<PathBuf>,
    /// The vault's folder.
    pub vault: Option<PathBuf>,
    /// Whether variables are in capitals.
    pub uppercase: Option<bool>,
    /// What `-`, `.` and `/` become in variables.
    pub replace_dash: Option<char>,
    /// What variables begin with.
    pub prefix: Option<String>,
    /// Programs that the shell hook wraps in `authy run`.
    pub aliases: Option<Vec<ToolName>>,
    /// Variables and their templates.
    pub env: BTreeMap<String, String>,
    /// Variables and the files with placeholders whose resolved copies they name.
    pub files: BTreeMap<String, PathBuf>,
    /// Secrets that a program must be given, and what each is for.
    pub require: BTreeMap<SecretName, String>,
    /// SHA-256 of path and content, in hex.
    pub(super) digest: String,
    /// SHA-256 of its place in the repository and its content, in hex, where it is in one.
    pub(super) shared: Option<(Vec<u8>, String)>,
}

type Found<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);
/// A fault and the byte of the file where it is.
type Located = (usize, Fault);

impl ProjectFile {
    /// Reads the file at `path`; `home` is what `~/` stands for.
    ///
    /// # Errors
    /// [`ProjectError`] for what is no small regular file, no TOML, or has a key or a
    /// value that does not belong.
    pub(crate) fn read(path: &Path, home: Option<&Path>) -> Result<Self, ProjectError> {
        let failed = |source| ProjectError::Read { path: path.to_owned(), source };
        let path = in_real_folder(path).map_err(failed)?;
        let content = content(&path)?;
        Self::parse(&path, &content, home)
    }

    pub(super) fn parse(
        path: &Path,
        content: &[u8],
        home: Option<&Path>,
    ) -> Result<Self, ProjectError> {
        let result = match std::str::from_utf8(content) {
            Ok(text) => Self::parse_text(path, text, home),
            Err(error) => Err((error.valid_up_to(), Fault::NotText)),
        };
        result.map_err(|(at, fault)| {
            let before = &content[..at.min(content.len())];
            let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
            ProjectError::Content { path: path.to_owned(), line, fault }
        })
    }

    fn parse_text(path: &Path, text: &str, home: Option<&Path>) -> Result<Self, Located> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (at, Fault::Syntax(error.message().to_owned()))
        })?;
        let digest_at = |place: &[u8]| digest(place, text);
        let shared = worktree::place(path).map(|place| {
            let digest = digest_at(&place);
            (place, digest)
        });
        let digest = digest_at(path.as_os_str().as_bytes());
        let mut file = Self { path: path.to_owned(), digest, shared, ..Self::default() };
        for (key, value) in in_order(table.get_ref()) {
            let name = key.get_ref().as_ref();
            if !TABLES.contains(&name) {
                return Err((key.span().start, stray(name)));
            }
            let table = value.get_ref().as_table().ok_or_else(|| wrong(key, "a table"))?;
            for found in in_order(table) {
                match name {
                    "authy" => file.set(found, home)?,
                    "files" => file.set_file(found, home)?,
                    "require" => file.set_required(found)?,
                    _ => file.set_variable(found)?,
                }
            }
        }
        Ok(file)
    }

    fn set(&mut self, found: Found<'_, '_>, home: Option<&Path>) -> Result<(), Located> {
        let (key, value) = found;
        match key.get_ref().as_ref() {
            "scope" => {
                let scope = ScopeName::parse(text(found, "text in quotes")?);
                self.scope = Some(scope.map_err(|e| (value.span().start, e.into()))?);
            }
            "keyfile" => self.keyfile = Some(self.location("keyfile", found, home)?),
            "token_file" => self.token_file = Some(self.location("token_file", found, home)?),
            "vault" => self.vault = Some(self.location("vault", found, home)?),
            "uppercase" => {
                let uppercase = value.get_ref().as_bool();
                self.uppercase = Some(uppercase.ok_or_else(|| wrong(key, "true or false"))?);
            }
            "replace_dash" => {
                const EXPECTED: &str = "one character in quotes";
                let mut characters = text(found, EXPECTED)?.chars();
                match (characters.next(), characters.next()) {
                    (Some(one), None) => self.replace_dash = Some(one),
                    _ => return Err(wrong(key, EXPECTED)),
                }
            }
            "prefix" => self.prefix = Some(text(found, "text in quotes")?.to_owned()),
            "aliases" => self.aliases = Some(aliases(found)?),
            unknown => {
                let fault =
                    Fault::UnknownKey { key: unknown.to_owned(), nearest: nearest(unknown, &KEYS) };
                return Err((key.span().start, fault));
            }
        }
        Ok(())
    }

    fn set_file(&mut self, found: Found<'_, '_>, home: Option<&Path>) -> Result<(), Located> {
        let variable = variable(found)?;
        let path = self.location("files", found, home)?;
        self.files.insert(variable, path);
        Ok(())
    }

    fn set_required(&mut self, found: Found<'_, '_>) -> Result<(), Located> {
        let name = SecretName::parse(found.0.get_ref());
        let name = name.map_err(|error| (found.0.span().start, error.into()))?;
        let purpose = text(found, "what it is for, in quotes")?;
        self.require.insert(name, purpose.to_owned());
        Ok(())
    }

    fn set_variable(&mut self, found: Found<'_, '_>) -> Result<(), Located> {
        let variable = variable(found)?;
        let template = text(found, "text in quotes")?;
        self.env.insert(variable, template.to_owned());
        Ok(())
    }

    /// A path of the file: `~/` is the home folder, a relative one starts at the file's folder.
    fn location(
        &self,
        key: &'static str,
        found: Found<'_, '_>,
        home: Option<&Path>,
    ) -> Result<PathBuf, Located> {
        let path = text(found, "a path in quotes")?;
        if path.is_empty() || path.contains('\0') {
            return Err(wrong(found.0, "a path in quotes"));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        placed(folder, path, home).ok_or((found.1.span().start, Fault::NoHome { key }))
    }
}

/// Reads a small regular file.
///
/// # Errors
/// [`ProjectError`] for what is none, or cannot be read.
pub(super) fn content(path: &Path) -> Result<Vec<u8>, ProjectError> {
    let failed = |source| ProjectError::Read { path: path.to_owned(), source };
    // A pipe must not hold authy up: a hook may be waiting.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(ProjectError::NotAFile { path: path.to_owned() });
    }
    let mut content = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut content).map_err(failed)?;
    match content.len() as u64 > MAX_SIZE {
        true => Err(ProjectError::TooLarge { path: path.to_owned() }),
        false => Ok(content),
    }
}

/// Where a path of a file leads that lies in `folder`: `~/` is the home folder, a relative one starts
/// at the file's folder. `None` where there is no home folder.
pub(super) fn placed(folder: &Path, path: &str, home: Option<&Path>) -> Option<PathBuf> {
    let in_home = if path == "~" { Some("") } else { path.strip_prefix("~/") };
    match in_home {
        None => Some(folder.join(path)),
        Some(rest) => home.map(|home| home.join(rest.trim_start_matches('/'))),
    }
}

/// Keeps the file's own name, a link or not, in the real path of its folder.
fn in_real_folder(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
}

fn digest(place: &[u8], text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((place.len() as u64).to_be_bytes());
    hash.update(place);
    hash.update(text);
    HEXLOWER.encode(&hash.finalize())
}

/// The entries of a table as they stand in the file, so that the first fault is reported.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Found<'t, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn aliases(found: Found<'_, '_>) -> Result<Vec<ToolName>, Located> {
    const EXPECTED: &str = "a list of program names in quotes";
    let list = found.1.get_ref().as_array().ok_or_else(|| wrong(found.0, EXPECTED))?;
    let alias = |entry: &Spanned<DeValue<'_>>| {
        let alias = entry.get_ref().as_str().ok_or_else(|| wrong(found.0, EXPECTED))?;
        let name = alias.to_owned();
        let fault = match ToolName::parse(alias) {
            Ok(tool) => return Ok(tool),
            Err(_) if ToolName::is_reserved(alias) => Fault::ReservedAlias { alias: name },
            Err(_) => Fault::Alias { alias: name },
        };
        Err((entry.span().start, fault))
    };
    list.iter().map(alias).collect()
}

/// The variable that a key names.
fn variable(found: Found<'_, '_>) -> Result<String, Located> {
    let variable = found.0.get_ref().as_ref();
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if variable.starts_with(is_first) && variable.chars().all(is_rest) {
        return Ok(variable.to_owned());
    }
    let fault = Fault::Variable { variable: variable.to_owned() };
    Err((found.0.span().start, fault))
}

fn text<'t>(found: Found<'t, '_>, expected: &'static str) -> Result<&'t str, Located> {
    found.1.get_ref().as_str().ok_or_else(|| wrong(found.0, expected))
}

fn wrong(key: &Spanned<std::borrow::Cow<'_, str>>, expected: &'static str) -> Located {
    (key.span().start, Fault::WrongType { key: key.get_ref().to_string(), expected })
}

/// What to say of a key that stands at the top.
fn stray(key: &str) -> Fault {
    match KEYS.into_iter().find(|known| *known == key) {
        Some(key) => Fault::OutsideTable { key },
        None => Fault::UnknownKey { key: key.to_owned(), nearest: nearest(key, &TABLES) },
    }
}

fn nearest(given: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = known.iter().map(|key| (strsim::damerau_levenshtein(given, key), *key));
    near.filter(|(distance, key)| *distance * 3 <= key.len()).min().map(|(_, key)| key)
}

#[cfg(test)]
mod tests;
