//! Other managers, asked through their own programs: what they need to unlock they ask for
//! themselves, on the terminal.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use serde::Deserialize;
use walkdir::WalkDir;

use super::error::TransferError;
use super::exports::distinct;
use super::{About, Found, SecretText, StoreLocation, json};
use crate::secret::{SecretBytes, WITHHELD};
use crate::wait::wait;

/// Longest line of complaint, in characters.
const LONGEST_LINE: usize = 200;

/// The store of `pass`.
pub(super) fn pass(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    walk(program, from, "gpg", "PASSWORD_STORE_DIR")
}

/// The store of `passage`.
pub(super) fn passage(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    walk(program, from, "age", "PASSAGE_DIR")
}

/// A store of one file for each secret, in folders.
fn walk(
    program: &'static str,
    from: &StoreLocation,
    ending: &str,
    variable: &str,
) -> Result<Vec<Found>, TransferError> {
    let folder = from.given.as_ref().map(PathBuf::from).or_else(|| from.folder.clone());
    let folder = match folder {
        Some(folder) if folder.is_dir() => folder,
        Some(folder) => {
            return Err(TransferError::NoStore { folder: folder.to_string_lossy().into_owned() });
        }
        None => return Err(TransferError::NoStore { folder: format!("${variable}") }),
    };
    is_itself(program)?;
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
        found.push(Found::new(name.to_owned(), value.without_line_end()));
    }
    Ok(found)
}

/// What sops takes apart by the ending of a file's name; every other file is one value to it.
const TREES: [&str; 5] = ["yaml", "yml", "json", "env", "ini"];

pub(super) fn sops(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let file = from.given.as_deref().unwrap_or("-");
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let decrypt = |form| ask(program, &["--decrypt", "--output-type", form, "--", file], &[]);
    if TREES.contains(&ending) || file == "-" {
        return json::parse(&decrypt("json")?);
    }
    // As JSON its bytes would be made into text.
    Ok(vec![Found::new("data".to_owned(), decrypt("binary")?)])
}

pub(super) fn gopass(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let below = from.given.as_deref().unwrap_or_default();
    let listed = ask(program, &["ls", "--flat"], &[])?;
    let names = listed.expose_str().unwrap_or_default();
    let mut found = Vec::new();
    for name in names.lines().filter(|name| name.starts_with(below) && !name.is_empty()) {
        let value = ask(program, &["show", "--unsafe", "--noparsing", "--", name], &[])?;
        found.push(Found::new(name.to_owned(), value.without_line_end()));
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
    #[serde(default)]
    urls: Vec<Website>,
}

#[derive(Deserialize)]
struct Website {
    href: String,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    label: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    purpose: String,
    value: Option<SecretText>,
}

/// The concealed fields of each item: passwords, tokens, keys.
pub(super) fn one_password(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let mut words = vec!["item", "list", "--format", "json"];
    if let Some(vault) = &from.given {
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
        let about = about(&details);
        for field in details.fields.into_iter().filter(|field| field.kind == "CONCEALED") {
            let Some(value) = field.value else { continue };
            // The password is what goes with the user name at the item's websites.
            let about = about.clone().filter(|_| field.purpose == "PASSWORD");
            let name = format!("{}/{}", details.title, field.label);
            found.push(Found { about, ..Found::new(name, value.0) });
        }
    }
    distinct(&mut found);
    Ok(found)
}

/// Where the password of an item belongs.
fn about(item: &Details) -> Option<About> {
    let urls = item.urls.iter().map(|one| one.href.clone());
    let user = item.fields.iter().find(|field| field.purpose == "USERNAME");
    About::at(urls, user.and_then(|field| field.value.as_ref()?.0.expose_str()))
}

/// The fields of a secret of the key-value engine.
pub(super) fn vault(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let path = from.given.as_deref().unwrap_or("secret");
    let got = ask(program, &["kv", "get", "-format=json", path], &[])?;
    let found = json::parse(&got).map_err(|_| TransferError::Answer { program })?;
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

/// How long a program may take to tell its version.
const VERSION_TIME: Duration = Duration::from_secs(5);

/// Whether the program of this name keeps secrets: it tells its version and ends. Debian has a
/// game named passage, which opens a window.
///
/// # Errors
/// It does not; it is not there.
fn is_itself(program: &'static str) -> Result<(), TransferError> {
    let mut command = Command::new(program);
    command.arg("version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    WITHHELD.iter().for_each(|name| _ = command.env_remove(name));
    let mut child = command.spawn().map_err(|error| not_started(program, error))?;
    let stranger = Err(TransferError::Stranger { program });
    let Some(mut output) = child.stdout.take() else { return stranger };
    let end = Instant::now() + VERSION_TIME;
    let mut bytes = [0; 512];
    let mut told = false;
    loop {
        if wait(&output, PollFlags::IN, end).is_err() {
            let _ = child.kill();
            let _ = child.wait();
            return stranger;
        }
        match output.read(&mut bytes) {
            Ok(0) | Err(_) => break,
            Ok(_) => told = true,
        }
    }
    match child.wait() {
        Ok(status) if status.success() && told => Ok(()),
        _ => stranger,
    }
}

fn not_started(program: &'static str, source: io::Error) -> TransferError {
    match source.kind() {
        io::ErrorKind::NotFound => TransferError::NoProgram { program },
        _ => TransferError::Start { program, source },
    }
}

/// Runs a program and takes what it prints. Its standard input is empty; what it asks, it asks
/// on the terminal.
pub(super) fn ask(
    program: &'static str,
    words: &[&str],
    variables: &[(&str, String)],
) -> Result<SecretBytes, TransferError> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    WITHHELD.iter().for_each(|name| _ = command.env_remove(name));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().map_err(|error| not_started(program, error))?;
    let stdout = SecretBytes::new(output.stdout);
    if output.status.success() {
        return Ok(stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or("it gave no reason").chars().take(LONGEST_LINE).collect();
    Err(TransferError::Failed { program, line })
}
