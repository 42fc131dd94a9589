//! Moving values out of the files of other programs: into the vault first, and then a reference into the
//! file, in the way that its program expands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use similar::TextDiff;

use super::adopt_shown::Ours;
use super::import::{Existing, ImportEntry, ImportOptions, Imported, import};
use crate::access::Pattern;
use crate::detect::Detector;
use crate::fs;
use crate::git;
use crate::inject::{Naming, Search, is_refused};
use crate::kind::{Failure, Kind};
use crate::name::{SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result};
use crate::transfer::{
    About, AdoptThen, Candidate, Choice, Found, Odd, TransferError, is_secret_name, kind_of,
    look_around, name_here, usual_places,
};

/// The largest file in bytes: Claude Code's own grows with its projects.
const LARGEST: usize = 32 << 20;
/// More of a line is not shown.
const LINE: usize = 160;
/// Shorter values are hardly secrets, unless nothing else stands there.
const SHORTEST: usize = 6;

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
    old: SecretBytes,
    #[serde(skip)]
    new: SecretBytes,
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
    let mut planner = Planner {
        options,
        only,
        detector: Detector::new(),
        found: Vec::new(),
        values: BTreeMap::new(),
        variables: BTreeMap::new(),
    };
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
    let values = planner.values.into_iter().collect();
    Ok(AdoptPlan { files: planned, left_out, imported: Imported::of(planner.found), values })
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

struct Planner<'o> {
    options: &'o AdoptOptions,
    only: Vec<Pattern>,
    detector: Option<Detector>,
    found: Vec<Found>,
    values: BTreeMap<SecretName, SecretBytes>,
    /// Which secret a program reads from a variable that no other will do for.
    variables: BTreeMap<(&'static str, String), SecretName>,
}

/// What is to become of one value of a file.
enum Plan {
    Keep,
    ByHand,
    Move { name: SecretName, variable: String },
}

impl Planner<'_> {
    /// A file as it is planned; `None` where nothing of it concerns anybody.
    fn file(&mut self, path: &Path) -> Result<Option<AdoptFile>> {
        // A pipe would be emptied, and is somebody's way to give values already.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(AdoptError::NoFile(path.to_owned()).into());
        }
        let bytes =
            fs::read_named(path, LARGEST)?.ok_or_else(|| AdoptError::Gone(path.to_owned()))?;
        let old = SecretBytes::new(bytes);
        let text = old.expose_str().ok_or_else(|| AdoptError::Unknown(path.to_owned()))?;
        let (mark, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => ("\u{feff}", rest),
            None => ("", text),
        };
        let kind = kind_of(path, text).ok_or_else(|| AdoptError::Unknown(path.to_owned()))?;
        let odd =
            |odd: Odd| AdoptError::Odd { path: path.to_owned(), program: kind.name, why: odd.0 };
        let (mut candidates, mut places) = (Vec::new(), Vec::new());
        (kind.edit)(text, &mut |candidate| {
            places.push(candidate.place.clone());
            candidates.push(candidate);
            Choice::Keep
        })
        .map_err(odd)?;
        look_around(kind, path, &mut candidates);
        let (mut values, mut by_hand) = (Vec::new(), Vec::new());
        // Pipelines of a forge share variables with each other, and with nothing else.
        let shares = match kind.then {
            AdoptThen::Forge(_) => kind.name,
            _ => "",
        };
        let plans: Vec<Plan> = candidates
            .into_iter()
            .map(|candidate| self.plan(candidate, shares, &mut values, &mut by_hand))
            .collect();
        if values.is_empty() && by_hand.is_empty() {
            return Ok(None);
        }
        let go = |shown: bool, moved: bool| {
            let mut at = 0;
            let mut is_same = true;
            let edited = (kind.edit)(text, &mut |candidate| {
                is_same &= places.get(at) == Some(&candidate.place);
                at += 1;
                match plans.get(at - 1) {
                    Some(Plan::Move { name, variable }) if moved => {
                        Choice::Refer { secret: name.to_string(), variable: variable.clone() }
                    }
                    Some(Plan::Move { .. }) => Choice::Mask,
                    Some(Plan::ByHand) if shown => Choice::Mask,
                    _ => Choice::Keep,
                }
            });
            // What was decided about one value is never done to another.
            match is_same && at == places.len() {
                true => edited.map(|text| SecretBytes::from(format!("{mark}{text}"))),
                false => Err(Odd("its values change places while it is edited")),
            }
        };
        let new = go(false, true).map_err(odd)?;
        let ours = Ours::of(&values);
        let diff = diff(&go(true, false).map_err(odd)?, &go(true, true).map_err(odd)?, &ours);
        let moved: Vec<_> = values
            .iter()
            .filter_map(|value: &AdoptValue| {
                Some((value.name.clone(), self.values.get(&value.name)?.clone()))
            })
            .collect();
        let mut remains = Vec::new();
        Search::new(&moved).find(new.expose(), |name, _| {
            if !remains.contains(name) {
                remains.push(name.clone());
            }
        });
        let then = kind.then;
        let (path, program) = (path.to_owned(), kind.name);
        Ok(Some(AdoptFile { path, program, values, by_hand, remains, diff, then, old, new }))
    }

    /// Decides about one value, and names it.
    fn plan(
        &mut self,
        candidate: Candidate,
        shares: &'static str,
        values: &mut Vec<AdoptValue>,
        by_hand: &mut Vec<ByHand>,
    ) -> Plan {
        if !self.is_wanted(&candidate) {
            return Plan::Keep;
        }
        let place = candidate.place.clone();
        let mut stays = |why| {
            by_hand.push(ByHand { place: printable(&place), why });
            Plan::ByHand
        };
        let Some(name) = self.name(&candidate) else {
            return stays("another value has the name that it would get");
        };
        if !self.only.is_empty() && !self.only.iter().any(|one| one.matches(name.as_str())) {
            return Plan::Keep;
        }
        if candidate.value.expose().contains(&0) {
            return stays("there is a zero byte in it");
        }
        if let Some(why) = candidate.by_hand {
            return stays(why);
        }
        let naming = Naming { uppercase: true, ..Naming::default() };
        let Ok(usual) = naming.variable(&name) else {
            return stays("its name would be none of a variable");
        };
        let variable = candidate.variable.clone().unwrap_or_else(|| usual.clone());
        if candidate.is_called_so && variable != usual {
            return stays("authy would call its variable differently");
        }
        if is_refused(&variable) {
            return stays("'authy run' sets no such variable: it changes how programs run");
        }
        // What 'authy run' calls it, and what its program does.
        for variable in [&variable, &usual] {
            let key = (shares, variable.clone());
            let known = self.variables.entry(key).or_insert_with(|| name.clone());
            if *known != name {
                return stays("another value has the variable that it would be in");
            }
        }
        let place = printable(&candidate.place);
        let is_mapped = variable != usual;
        let value = AdoptValue { place, name: name.clone(), variable: variable.clone(), is_mapped };
        values.push(value);
        if self.values.insert(name.clone(), candidate.value.clone()).is_none() {
            let about = About {
                tags: Vec::new(),
                description: None,
                services: candidate.services,
                user: candidate.user,
            };
            self.found.push(Found {
                name: name.to_string(),
                value: Ok(candidate.value),
                line: None,
                doubt: None,
                about: (!about.services.is_empty()).then_some(about),
            });
        }
        Plan::Move { name, variable }
    }

    fn is_wanted(&self, candidate: &Candidate) -> bool {
        let looks = || {
            let mut found = false;
            if let Some(detector) = &self.detector {
                detector.find(candidate.value.expose(), |_, _| found = true);
            }
            found
        };
        let is_long = candidate.value.len() >= SHORTEST;
        candidate.is_sure
            || self.options.all
            || is_long && is_secret_name(&candidate.name)
            || looks()
    }

    /// The name of its own, or with what stands around it where another value has that.
    fn name(&self, candidate: &Candidate) -> Option<SecretName> {
        let names = [&candidate.name, &candidate.longer];
        let names = names.into_iter().filter_map(|name| name_here(&self.options.prefix, name).ok());
        let fits =
            |name: &SecretName| self.values.get(name).is_none_or(|value| *value == candidate.value);
        names.into_iter().find(fits)
    }
}

/// The lines that differ, without context, and of those only what is known to be no value.
fn diff(old: &SecretBytes, new: &SecretBytes, ours: &Ours) -> String {
    let (Some(old), Some(new)) = (old.expose_str(), new.expose_str()) else { return String::new() };
    let diff = TextDiff::from_lines(old, new);
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            similar::ChangeTag::Equal => continue,
            similar::ChangeTag::Delete => '-',
            similar::ChangeTag::Insert => '+',
        };
        let line = ours.shown(change.value().trim_end());
        let shown: String = printable(&line).chars().take(LINE).collect();
        let more = if line.chars().count() > LINE { "…" } else { "" };
        out.push_str(&format!("{sign}{shown}{more}\n"));
    }
    out
}

/// Files in the same folder that begin with the name of this one, and have a value.
fn copies_beside(path: &Path, search: &Search) -> Vec<(PathBuf, SecretName)> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let name = name.to_string_lossy();
    // Terraform writes the values of variables into its state.
    let is_state = |other: &str| name.contains(".tfvars") && other.contains(".tfstate");
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
