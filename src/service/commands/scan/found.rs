//! What was found, put together by place.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::changed;
use crate::git::Origin;
use crate::name::SecretName;

/// More lines of one file are counted, and not listed.
const MOST_LINES: usize = 100;
/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanMatch {
    /// A copy of this secret's value.
    Secret(SecretName),
    /// Something of this format.
    Format(&'static str),
}

/// Copies of one secret in one file, or in one version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanFinding {
    /// Of what.
    #[serde(flatten)]
    pub copy: ScanMatch,
    /// The file; of a commit's message `message`, of a tag `tag NAME`.
    pub path: String,
    /// The lines, counted from 1, the first hundred of them; none where it is the file's name.
    pub lines: Vec<u64>,
    /// How many there are.
    pub count: usize,
    /// When the file was changed last, or when the commit was made that brought it (RFC 3339).
    pub since: Option<String>,
    /// The first commit that has it, in the history of git.
    pub commit: Option<String>,
    /// Who made that commit.
    pub author: Option<String>,
    /// Whether it is staged for the next commit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub staged: bool,
    /// Whether no commit leads to it: it lies in git's store until that is cleaned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
}

/// A place that is being looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Where<'w> {
    File { path: &'w Path },
    Staged { path: &'w str },
    Object { id: &'w str },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    File(String),
    Staged(String),
    Object(String),
}

#[derive(Debug, Default)]
struct Lines {
    first: Vec<u64>,
    count: usize,
}

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: BTreeMap<(Place, ScanMatch), Lines>,
    finished: Vec<ScanFinding>,
    pub(super) compressed: usize,
}

impl Findings {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.compressed == 0
    }

    pub(super) fn add(&mut self, at: &Where<'_>, copy: &ScanMatch, line: u64) {
        let lines = self.entry(at, copy);
        lines.count += 1;
        if lines.first.len() < MOST_LINES && lines.first.last() != Some(&line) {
            lines.first.push(line);
        }
    }

    /// Adds what stands in the name of the place.
    pub(super) fn add_name(&mut self, at: &Where<'_>, copy: &ScanMatch) {
        self.entry(at, copy).count += 1;
    }

    fn entry(&mut self, at: &Where<'_>, copy: &ScanMatch) -> &mut Lines {
        let place = match at {
            Where::File { path } => Place::File(shown(path)),
            Where::Staged { path } => Place::Staged((*path).to_owned()),
            Where::Object { id } => Place::Object((*id).to_owned()),
        };
        self.all.entry((place, copy.clone())).or_default()
    }

    pub(super) fn append(&mut self, other: Self) {
        self.compressed += other.compressed;
        for (key, mut lines) in other.all {
            let all = self.all.entry(key).or_default();
            all.count += lines.count;
            all.first.append(&mut lines.first);
            all.first.truncate(MOST_LINES);
        }
    }

    /// The names of objects of git in which something was found.
    pub(super) fn objects(&self) -> impl Iterator<Item = &str> {
        self.all.keys().filter_map(|(place, _)| match place {
            Place::Object(id) => Some(id.as_str()),
            Place::File(_) | Place::Staged(_) => None,
        })
    }

    /// Puts in where git's objects came in. A secret that stands in several versions of a file is
    /// reported once, with the first of them.
    pub(super) fn place_objects(&mut self, origins: &BTreeMap<String, Vec<Origin>>) {
        let mut by_file: BTreeMap<(ScanMatch, String), ScanFinding> = BTreeMap::new();
        let all = std::mem::take(&mut self.all);
        for ((place, copy), lines) in all {
            let Place::Object(id) = place else {
                self.all.insert((place, copy), lines);
                continue;
            };
            let whole = finding(copy.clone(), id.clone(), lines);
            let places = origins.get(&id).map_or(&[][..], Vec::as_slice);
            let placed = |origin: &Origin| ScanFinding {
                path: origin.path.clone(),
                since: origin.time.clone(),
                commit: origin.commit.clone(),
                staged: origin.commit.is_none(),
                author: origin.author.clone(),
                ..whole.clone()
            };
            let mut found: Vec<ScanFinding> = places.iter().map(placed).collect();
            if found.is_empty() {
                found.push(ScanFinding { unreachable: true, ..whole.clone() });
            }
            for finding in found {
                let key = (copy.clone(), finding.path.clone());
                let known = by_file.get(&key);
                if known.is_none_or(|known| finding.since < known.since) {
                    by_file.insert(key, finding);
                }
            }
        }
        self.finished.extend(by_file.into_values());
    }

    /// Takes out what the user does not want to see of the index.
    pub(super) fn leave_out_staged(&mut self, is_left_out: &dyn Fn(&str) -> bool) {
        self.all.retain(|(place, _), _| match place {
            Place::Staged(path) => !is_left_out(path),
            Place::File(_) | Place::Object(_) => true,
        });
    }

    /// Takes out what the user does not want to see of git's objects.
    pub(super) fn leave_out_objects(&mut self, is_left_out: &dyn Fn(&str) -> bool) {
        self.finished.retain(|finding| !is_left_out(&finding.path));
    }

    /// All of it, by place.
    pub(super) fn sorted(self) -> Vec<ScanFinding> {
        let mut found = self.finished;
        for ((place, copy), lines) in self.all {
            found.push(match place {
                Place::File(path) => {
                    let since = changed(Path::new(&path));
                    ScanFinding { since, ..finding(copy, path, lines) }
                }
                Place::Staged(path) => ScanFinding { staged: true, ..finding(copy, path, lines) },
                Place::Object(id) => ScanFinding { unreachable: true, ..finding(copy, id, lines) },
            });
        }
        found.sort_by(|one, other| {
            (&one.path, &one.lines, &one.copy).cmp(&(&other.path, &other.lines, &other.copy))
        });
        found
    }
}

fn finding(copy: ScanMatch, path: String, lines: Lines) -> ScanFinding {
    ScanFinding {
        copy,
        path,
        lines: lines.first,
        count: lines.count,
        since: None,
        commit: None,
        author: None,
        staged: false,
        unreachable: false,
    }
}

/// A path as it was given, without `./` before it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).to_string_lossy().into_owned()
}
