//! Moving values out of the files of other programs: into the vault first, and then a reference into the
//! file, in the way that its program expands.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::adopt_planner::Planner;
use super::import::{Existing, ImportEntry, ImportOptions, Imported, import};
use crate::access::Pattern;
use crate::fs;
use crate::git;
use crate::inject::Search;
use crate::kind::{Failure, Kind};
use crate::name::{SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result};
use crate::transfer::{AdoptThen, TransferError, name_here, usual_places};

/// The largest file in bytes: Claude Code's own grows with its projects.
pub(super) const LARGEST: usize = 32 << 20;

/// What is to be moved.
#[derive(Debug, Clone, Default)]
pub struct AdoptOptions {
    /// What stands before each new name.
    pub prefix: String,
    /// Only values that get a name which one of these patterns matches.
    pub only: Vec<String>,
    /// Also values that do not look like secrets.
    pub all: bool,
}

/// What would be moved, and what the files would become. Holds the values.
#[derive(Debug)]
pub struct AdoptPlan {
    /// The files in which something is to be moved, or would have to be.
    pub files: Vec<AdoptFile>,
    /// Usual files that were left out, with the reason.
    pub left_out: Vec<String>,
    imported: Imported,
    values: Vec<(SecretName, SecretBytes)>,
}

/// A file in which values stand.
#[derive(Debug, Serialize)]
pub struct AdoptFile {
    /// The file.
    pub path: PathBuf,
    /// Whose it is.
    pub program: &'static str,
    /// The values that are moved.
    pub values: Vec<AdoptValue>,
    /// What has to be moved by hand, and why.
    pub by_hand: Vec<ByHand>,
    /// Secrets whose values stand in what the file becomes, in a place that is not understood.
    pub remains: Vec<SecretName>,
    /// The lines that change; values are dots.
    pub diff: String,
    /// How its program gets the values then.
    pub then: AdoptThen,
    #[serde(skip)]
    pub(super) old: SecretBytes,
    #[serde(skip)]
    pub(super) new: SecretBytes,
}

/// A value that is moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdoptValue {
    /// Where it stands in the file.
    pub place: String,
    /// The secret that it becomes.
    pub name: SecretName,
    /// The variable that the file's program reads it from.
    pub variable: String,
    /// Whether `authy run --uppercase` calls that variable differently.
    pub is_mapped: bool,
}

/// A value that stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// Where it stands in the file.
    pub place: String,
    /// Why.
    pub why: &'static str,
}

/// What was moved.
#[derive(Debug, Serialize)]
pub struct Adopted {
    /// The secrets.
    pub secrets: Vec<ImportEntry>,
    /// The files that were rewritten.
    pub files: Vec<PathBuf>,
    /// Of these git has a version, so that their values are known to whoever has the repository.
    pub tracked: Vec<PathBuf>,
    /// Files beside them that have a value still: backups.
    pub copies: Vec<(PathBuf, SecretName)>,
    /// Of these the old content is still there by another name: hard links.
    pub linked: Vec<PathBuf>,
}

impl Adopted {
    /// Whether a file is a state of Terraform, which has the values of variables again.
    pub fn is_state(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains(".tfstate"))
    }
}

/// The files of known programs that are there, in a project and in the home folder.
pub fn adoptable(home: Option<&Path>, project: &Path) -> Vec<PathBuf> {
    let mut places = usual_places(home, project);
    places.retain(|place| place.is_file());
    places.sort();
    places.dedup();
    places
}

/// Looks into files, and decides what becomes of each value. Changes nothing, and needs no identity.
///
/// # Errors
/// A file cannot be read, or is none that is known, or not as its program reads it: of all of them where
/// `is_given`; otherwise such files are left out.
pub fn adopt_plan(files: &[PathBuf], is_given: bool, options: &AdoptOptions) -> Result<AdoptPlan> {
    let only = Pattern::names(&options.only)?;
    name_here(&options.prefix, "x").map_err(|_| AdoptError::Prefix(options.prefix.clone()))?;
    let mut planner = Planner::new(options, only);
    let (mut planned, mut left_out) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for path in files {
        // One file by two names is looked at once.
        if path.canonicalize().is_ok_and(|real| !seen.insert(real)) {
            continue;
        }
        match planner.file(path) {
            Ok(file) => planned.extend(file),
            Err(error) if is_given => return Err(error),
            Err(error) => left_out.push(error.to_string()),
        }
    }
    let (found, values) = planner.finish();
    Ok(AdoptPlan { files: planned, left_out, imported: Imported::of(found), values })
}

/// Stores the values in one change, and rewrites the files when that is on the disk.
///
/// # Errors
/// As `import`: nothing is changed. A file was changed meanwhile or cannot be written: the values are in
/// the vault, and the file is as it was.
pub fn adopt(ctx: &Context, plan: &AdoptPlan) -> Result<Adopted> {
    let options = ImportOptions { existing: Existing::Refuse, ..ImportOptions::default() };
    let secrets = import(ctx, &plan.imported, &options).map_err(|error| match error.of() {
        // What it hints at are words of its own.
        Some(TransferError::Taken { reasons }) => AdoptError::Taken(reasons.join("; ")).into(),
        _ => error,
    })?;
    let mut done = Adopted {
        secrets,
        files: Vec::new(),
        tracked: Vec::new(),
        copies: Vec::new(),
        linked: Vec::new(),
    };
    for file in plan.files.iter().filter(|file| !file.values.is_empty()) {
        let now = fs::read_named(&file.path, LARGEST)?.unwrap_or_default();
        if now != file.old.expose() {
            return Err(AdoptError::ChangedMeanwhile(file.path.clone()).into());
        }
        if file.path.metadata().is_ok_and(|meta| meta.nlink() > 1) {
            done.linked.push(file.path.clone());
        }
        fs::rewrite(&file.path, file.new.expose())?;
        done.files.push(file.path.clone());
    }
    let search = Search::new(&plan.values);
    for path in &done.files {
        if git::is_tracked(path) {
            done.tracked.push(path.clone());
        }
        done.copies.extend(copies_beside(path, &search));
    }
    Ok(done)
}

/// Files in the same folder that begin with the name of this one, and have a value.
fn copies_beside(path: &Path, search: &Search) -> Vec<(PathBuf, SecretName)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let name = name.to_string_lossy();
    let is_state = |other: &str| name.contains(".tfvars") && Adopted::is_state(Path::new(other));
    let is_beside = |other: &str| other != name && (other.starts_with(&*name) || is_state(other));
    // Claude Code keeps copies of its own in a folder.
    let folders = [folder.to_owned(), folder.join(".claude/backups")];
    let mut found = HashMap::new();
    for entry in folders.iter().filter_map(|one| std::fs::read_dir(one).ok()).flatten().flatten() {
        if is_beside(&entry.file_name().to_string_lossy())
            && let Ok(Some(bytes)) = fs::read_named(&entry.path(), LARGEST)
        {
            search.find(&bytes, |name, _| {
                found.insert((entry.path(), name.clone()), ());
            });
        }
    }
    let mut found: Vec<_> = found.into_keys().collect();
    found.sort();
    found
}

/// What keeps a file from being adopted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptError {
    #[error("'{}' is no regular file", printable(&.0.to_string_lossy()))]
    NoFile(PathBuf),
    #[error("'{}' begins no name of a secret", printable(.0))]
    Prefix(String),
    #[error("there is no file '{}'", printable(&.0.to_string_lossy()))]
    Gone(PathBuf),
    #[error("'{}' is no file whose secrets authy knows how to move", printable(&.0.to_string_lossy()))]
    Unknown(PathBuf),
    #[error("'{}' stays as it is: {why} ({program})", printable(&path.to_string_lossy()))]
    Odd { path: PathBuf, program: &'static str, why: &'static str },
    #[error("nothing was moved: {}", printable(.0))]
    Taken(String),
    #[error("'{}' was changed meanwhile, and stays as it is; the values are in the vault", printable(&.0.to_string_lossy()))]
    ChangedMeanwhile(PathBuf),
}

impl Failure for AdoptError {
    fn kind(&self) -> Kind {
        match self {
            Self::Gone(_) => Kind::NotFound,
            Self::Prefix(_) | Self::NoFile(_) | Self::Unknown(_) | Self::Odd { .. } => Kind::Usage,
            Self::Taken(_) | Self::ChangedMeanwhile(_) => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Prefix(_) => "as in --prefix dev/".into(),
            Self::Gone(_) | Self::NoFile(_) => return None,
            Self::Unknown(_) => "'authy adopt --help' lists them; 'authy import' reads more formats, and changes no file".into(),
            Self::Odd { .. } => "mend the file, or move its values by hand: 'authy store NAME'".into(),
            Self::Taken(_) => "--prefix gives other names, --only leaves some out".into(),
            Self::ChangedMeanwhile(_) => "run the same command again".into(),
        })
    }
}
