//! Other managers, asked through their own programs: what they need to unlock they ask for
//! themselves, on the terminal.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;
use walkdir::WalkDir;

use super::error::TransferError;
use super::{Found, Source, tree};
use crate::secret::{SecretBytes, WITHHELD};

/// Longest line of complaint, in characters.
const LONGEST_LINE: usize = 200;

/// Where a program finds its secrets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// A file, a folder or a path inside the other manager, as it was typed.
    pub(crate) given: Option<String>,
    /// The store's folder where nothing is given.
    pub(crate) folder: Option<PathBuf>,
}

/// Fetches all there is.
///
/// # Errors
/// [`TransferError`]: no program, or what it said.
pub(crate) fn fetch(source: Source, place: &Place) -> Result<Vec<Found>, TransferError> {
    let program = source.program().unwrap_or_default();
    match source {
        Source::Pass => walk(program, (place, "gpg", "PASSWORD_STORE_DIR")),
        Source::Passage => walk(program, (place, "age", "PASSAGE_DIR")),
        Source::Gopass => gopass(program, place),
        Source::Sops => {
            let file = place.given.as_deref().unwrap_or("-");
            tree::json(&ask(program, &["--decrypt", "--output-type", "json", "--", file], &[])?)
        }
        Source::OnePassword => one_password(program, place),
        _ => vault(program, place),
    }
}

/// A store of one file for each secret, in folders.
fn walk(
    program: &'static str,
    (place, ending, variable): (&Place, &str, &str),
) -> Result<Vec<Found>, TransferError> {
    let folder = place.given.as_ref().map(PathBuf::from).or_else(|| place.folder.clone());
    let folder = folder.filter(|folder| folder.is_dir()).ok_or_else(|| TransferError::NoStore {
        folder: place.given.clone().unwrap_or_else(|| format!("${variable}")),
    })?;
    let mut found = Vec::new();
    let entries = WalkDir::new(&folder).sort_by_file_name().into_iter();
    let shown = entries.filter_entry(|entry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    });
    for entry in shown.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let inside = entry.path().strip_prefix(&folder).unwrap_or(entry.path()).to_string_lossy();
        let Some(name) = inside.strip_suffix(&format!(".{ending}")) else { continue };
        let variables = [(variable, folder.to_string_lossy().into_owned())];
        let value = ask(program, &["show", "--", name], &variables)?;
        found.push(Found::new(name.to_owned(), without_newline(&value)));
    }
    Ok(found)
}

fn gopass(program: &'static str, place: &Place) -> Result<Vec<Found>, TransferError> {
    let below = place.given.as_deref().unwrap_or_default();
    let listed = ask(program, &["ls", "--flat"], &[])?;
    let names = listed.expose_str().unwrap_or_default();
    let mut found = Vec::new();
    for name in names.lines().filter(|name| name.starts_with(below) && !name.is_empty()) {
        let value = ask(program, &["show", "--unsafe", "--noparsing", "--", name], &[])?;
        found.push(Found::new(name.to_owned(), without_newline(&value)));
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Item {
    id: String,
}

#[derive(Deserialize)]
struct Details {
    title: String,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    label: String,
    #[serde(default, rename = "type")]
    kind: String,
    value: Option<SecretText>,
}

/// A text that is wiped.
struct SecretText(SecretBytes);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(SecretBytes::from(text)))
    }
}

/// The concealed fields of each item: passwords, tokens, keys.
fn one_password(program: &'static str, place: &Place) -> Result<Vec<Found>, TransferError> {
    let mut words = vec!["item", "list", "--format", "json"];
    if let Some(vault) = &place.given {
        words.extend(["--vault", vault]);
    }
    let answer = |bytes: &SecretBytes| -> Result<Vec<Item>, TransferError> {
        serde_json::from_slice(bytes.expose()).map_err(|_| TransferError::Answer { program })
    };
    let items = answer(&ask(program, &words, &[])?)?;
    let mut found = Vec::new();
    for item in items {
        let got = ask(program, &["item", "get", &item.id, "--format", "json"], &[])?;
        let details: Details =
            serde_json::from_slice(got.expose()).map_err(|_| TransferError::Answer { program })?;
        for field in details.fields.into_iter().filter(|field| field.kind == "CONCEALED") {
            let Some(value) = field.value else { continue };
            found.push(Found::new(format!("{}/{}", details.title, field.label), value.0));
        }
    }
    Ok(found)
}

/// The fields of a secret of the key-value engine.
fn vault(program: &'static str, place: &Place) -> Result<Vec<Found>, TransferError> {
    let path = place.given.as_deref().unwrap_or("secret");
    let got = ask(program, &["kv", "get", "-format=json", path], &[])?;
    let found = tree::json(&got).map_err(|_| TransferError::Answer { program })?;
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    // Version 2 of the engine has the fields one level deeper.
    let prefix = if found.iter().any(|one| one.name.starts_with("data/data/")) {
        "data/data/"
    } else {
        "data/"
    };
    let field = |one: Found| {
        let name = one.name.strip_prefix(prefix)?;
        Some(Found { name: format!("{last}/{name}"), ..one })
    };
    Ok(found.into_iter().filter_map(field).collect())
}

/// Runs a program and takes what it prints. Its standard input is empty; what it asks, it asks
/// on the terminal.
fn ask(
    program: &'static str,
    words: &[&str],
    variables: &[(&str, String)],
) -> Result<SecretBytes, TransferError> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    WITHHELD.iter().for_each(|name| _ = command.env_remove(name));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => TransferError::NoProgram { program },
        _ => TransferError::Start { program, source },
    })?;
    let stdout = SecretBytes::new(output.stdout);
    if output.status.success() {
        return Ok(stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("it gave no reason").chars().take(LONGEST_LINE).collect();
    Err(TransferError::Failed { program, line })
}

/// Such programs end a value with a newline of their own.
fn without_newline(value: &SecretBytes) -> SecretBytes {
    let bytes = value.expose();
    SecretBytes::new(bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec())
}
