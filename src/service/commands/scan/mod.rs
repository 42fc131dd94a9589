//! Copies of the vault's values in files, in git and in what agents write down: where, and of which
//! secret; never a value.

mod found;
mod objects;
mod packed;
mod transcripts;
mod values;

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use crate::audit::{Action, Op};
use crate::detect::Detector;
use crate::fs::{self, Looked, Tree, visit_files};
use crate::git;
use crate::inject::Search;
use crate::name::{ScopeName, SecretName};
use crate::service::base::{Context, Result};
use crate::service::change::LockedVault;
use crate::store::{Record, Stamp};
use found::{Findings, Where};
use packed::Packed;

pub use found::{ScanFinding, ScanMatch};
pub use transcripts::transcript_places;
use values::{Values, values};

/// Files of this name say what is not looked at, as `.gitignore` does for git.
const IGNORE_FILE: &str = ".authyignore";
/// On a line with this word nothing that only looks like a secret is reported.
const ALLOWED: &[u8] = b"authy:allow";

/// What to look for, and where.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// What is staged in the repository around this folder.
    pub staged: Option<PathBuf>,
    /// The index to read that from, where git names one to its hooks.
    pub index: Option<PathBuf>,
    /// Everything that git keeps in the repository around this folder.
    pub history: Option<PathBuf>,
    /// Only values of this scope.
    pub scope: Option<ScopeName>,
    /// Whether the vault's values are looked for.
    pub values: ScanValues,
    /// Whether texts are looked for that look like a secret; done anyway where there are no values.
    pub formats: bool,
}

/// Whether the vault's values are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScanValues {
    /// Where there is a vault and an identity that can be used without asking anybody; a token has
    /// to work.
    #[default]
    IfPossible,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// What was found, and in how much.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ScanReport {
    /// By file and line.
    pub found: Vec<ScanFinding>,
    /// How many secrets were looked for.
    pub secrets: usize,
    /// Whether texts were looked for that look like a secret.
    pub formats: bool,
    /// Why no values were looked for, where they could not be.
    pub without_values: Option<String>,
    /// Secrets whose values are too short to be looked for.
    pub too_short: Vec<SecretName>,
    /// Secrets that the scope seals, which are not looked for: whoever could have texts compared with
    /// them would learn them.
    pub sealed: Vec<SecretName>,
    /// Secrets that are not looked for while an agent is at work that has no scope: values of fewer than
    /// 16 bytes can be guessed.
    pub guessable: Vec<SecretName>,
    /// Secrets that the caller may read, and which are not encrypted to them.
    pub closed: Vec<SecretName>,
    /// How many files were looked at.
    pub files: usize,
    /// How many objects of git were looked at.
    pub objects: usize,
    /// How many files and folders could not be read.
    pub unreadable: usize,
    /// Whether git has only a part of its history here, so that the rest was not looked at.
    pub cut_off: bool,
    /// How many files are compressed, and could not be unpacked, or not to the end.
    pub compressed: usize,
}

/// What a text is compared with.
struct Comparison {
    search: Option<Search>,
    detector: Option<Detector>,
}

impl Comparison {
    /// How many bytes are seen again with the next piece of a text.
    fn overlap(&self) -> usize {
        self.search.as_ref().map_or(4 << 10, Search::around)
    }

    /// Adds what stands in the pieces of a text, the next of which is `bytes`: what begins in the last
    /// `again` of them is whole in the piece that follows.
    fn look(
        &self,
        bytes: &[u8],
        again: usize,
        so_far: &mut SoFar,
        findings: &mut Findings,
        at: &Where<'_>,
    ) {
        let SoFar { lines, reported } = *so_far;
        let mut counted = (0, lines + 1);
        let mut line = |start: usize| {
            // Each is told in order, but those of two kinds.
            if start < counted.0 {
                counted = (0, lines + 1);
            }
            counted.1 += newlines(&bytes[counted.0..start]);
            counted.0 = start;
            counted.1
        };
        let end = bytes.len() - again;
        let is_here = |place: &Range<usize>| place.start >= reported && place.start < end;
        let mut until = 0;
        let mut known = Vec::new();
        if let Some(search) = &self.search {
            search.find(bytes, |name, place| {
                if is_here(&place) {
                    findings.add(at, &ScanMatch::Secret(name.clone()), line(place.start));
                    until = until.max(place.end);
                }
                known.push(place);
            });
        }
        if let Some(detector) = &self.detector {
            detector.find(bytes, |name, place| {
                let is_known =
                    known.iter().any(|one| one.start < place.end && place.start < one.end);
                if is_here(&place) && !is_known && !is_allowed(bytes, place.start) {
                    findings.add(at, &ScanMatch::Format(name), line(place.start));
                    until = until.max(place.end);
                }
            });
        }
        so_far.reported = until.max(reported).saturating_sub(end);
        so_far.lines += newlines(&bytes[..end]);
    }

    /// Adds what stands in the name of a file.
    fn look_at_name(&self, name: &[u8], findings: &mut Findings, at: &Where<'_>) {
        if let Some(search) = &self.search {
            search.find(name, |name, _| findings.add_name(at, &ScanMatch::Secret(name.clone())));
        }
    }
}

/// What is known of the pieces of a text that were looked at.
#[derive(Debug, Clone, Copy, Default)]
struct SoFar {
    /// The lines that end before the next piece.
    lines: u64,
    /// How many bytes of the next piece belong to what was reported.
    reported: usize,
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Whether the line around `at` says that what stands on it may stand there.
fn is_allowed(bytes: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
    memchr::memmem::find(&bytes[start..end], ALLOWED).is_some()
}

/// Looks for copies of values, and for what looks like a secret. Values are opened once, with one line
/// in the audit trail, and compared in memory.
///
/// # Errors
/// Denied; no usable identity or no vault where values are wanted always; a token that does not work;
/// git cannot be read. A file that cannot be read is counted.
pub fn scan(ctx: &Context, request: &ScanRequest) -> Result<ScanReport> {
    let Values { values, mut report } = match request.values {
        ScanValues::Never => Values::default(),
        wanted => values(ctx, request.scope.as_ref(), wanted)?,
    };
    report.formats = request.formats || values.is_none();
    let comparison = Comparison {
        search: values.as_deref().map(Search::new),
        detector: report.formats.then(Detector::new).flatten(),
    };
    drop(values);
    let mut findings = Findings::default();
    if !request.paths.is_empty() {
        let looked = files(ctx, &request.paths, &comparison, &mut findings);
        (report.files, report.unreadable) = (looked.files, looked.unreadable);
    }
    let is_left_out = |folder: &Path| fs::left_out_by(git::work_tree(folder), IGNORE_FILE);
    if let Some(folder) = &request.staged {
        let index = request.index.as_deref();
        report.objects += objects::staged(folder, index, &comparison, &mut findings)?;
        findings.leave_out_staged(&is_left_out(folder));
    }
    if let Some(folder) = &request.history {
        report.objects += objects::history(folder, &comparison, &mut findings)?;
        report.cut_off = git::is_cut_off(folder);
        findings.leave_out_objects(&is_left_out(folder));
    }
    report.compressed = findings.compressed;
    report.found = findings.sorted();
    if let Some(search) = &comparison.search {
        // The names of files are shown, and may hold values themselves.
        for finding in &mut report.found {
            finding.path = search.masked(&finding.path);
            finding.author = finding.author.take().map(|author| search.masked(&author));
        }
    }
    Ok(report)
}

/// Notes of secrets that copies of their values lie outside of the vault: they are due for rotation until
/// they have another value. Returns those that were not marked before.
///
/// # Errors
/// Denied.
pub fn mark_leaked(ctx: &Context, names: &[SecretName]) -> Result<Vec<SecretName>> {
    let locked = LockedVault::lock(ctx, &Op::ANNOTATE)?;
    let mut marked = Vec::new();
    let mut records = Vec::new();
    for name in names {
        let record: Record = (**locked.secret(name)?.record()).clone();
        if record.leaked.is_none() {
            locked.may_write(name)?;
            marked.push(name.clone());
            records.push(record);
        }
    }
    if marked.is_empty() {
        return Ok(marked);
    }
    let action = Action::new(Op::ANNOTATE).on(marked.clone()).saying("leaked".to_owned());
    locked.transact(&action, |tx| {
        let now = tx.at();
        for (name, record) in marked.iter().zip(records) {
            let record = Record { version: record.version + 1, leaked: Some(now), ..record };
            tx.write_record(name, record);
        }
        let message = match marked.as_slice() {
            [one] => format!("Mark {one} as leaked"),
            several => format!("Mark {} secrets as leaked", several.len()),
        };
        Ok((message, marked.clone()))
    })
}

/// Looks at files, on every core.
fn files(
    ctx: &Context,
    paths: &[PathBuf],
    comparison: &Comparison,
    findings: &mut Findings,
) -> Looked {
    let paths = &outermost(paths);
    let mut left_out = vault_below(&ctx.vault, paths);
    // What the kernel makes up has no end.
    left_out.extend(["/proc", "/sys", "/dev"].map(PathBuf::from));
    let tree = Tree { roots: paths, left_out: &left_out, ignore_file: IGNORE_FILE };
    let all = std::sync::Mutex::new(findings);
    visit_files(&tree, comparison.overlap(), || {
        let mut so_far = SoFar::default();
        let all = &all;
        move |piece| {
            let mut here = Findings::default();
            let at = Where::File { path: piece.path };
            if piece.offset == 0 {
                so_far = SoFar::default();
                let packed = Packed::of(piece.bytes);
                let unpacked = |kind: Packed| {
                    unpack(comparison, kind, File::open(piece.path)?, &mut here, &at)
                };
                let is_closed = packed.map(unpacked).is_some_and(|done| done.is_err());
                here.compressed += usize::from(is_closed);
                let name = piece.path.file_name().unwrap_or_default();
                comparison.look_at_name(name.as_encoded_bytes(), &mut here, &at);
            }
            comparison.look(piece.bytes, piece.again, &mut so_far, &mut here, &at);
            if !here.is_empty()
                && let Ok(mut all) = all.lock()
            {
                all.append(here);
            }
        }
    })
}

/// Looks at what is in something compressed.
///
/// # Errors
/// It could not be unpacked, or not to the end.
fn unpack(
    comparison: &Comparison,
    kind: Packed,
    packed: impl Read,
    findings: &mut Findings,
    at: &Where<'_>,
) -> io::Result<()> {
    let (mut so_far, mut buffer) = (SoFar::default(), Vec::new());
    kind.unpack(packed, |mut part| {
        fs::in_pieces(&mut part, comparison.overlap(), &mut buffer, |piece, _, again| {
            comparison.look(piece, again, &mut so_far, findings, at);
        })
    })
}

/// The paths less those that lie in another of them: nothing is looked at twice.
fn outermost(paths: &[PathBuf]) -> Vec<PathBuf> {
    let real: Vec<_> = paths.iter().map(|path| path.canonicalize().ok()).collect();
    let is_inside = |at: usize| {
        real.iter().enumerate().any(|(other, above)| match (&real[at], above) {
            (Some(path), Some(above)) if path == above => other < at,
            (Some(path), Some(above)) => path.starts_with(above),
            _ => false,
        })
    };
    (0..paths.len()).filter(|at| !is_inside(*at)).map(|at| paths[at].clone()).collect()
}

/// The vault as the walk of each path names it: what lies there is encrypted, and identities are at
/// home there.
fn vault_below(vault: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(vault) = vault.canonicalize() else { return Vec::new() };
    let below = |path: &PathBuf| {
        let rest = vault.strip_prefix(path.canonicalize().ok()?).ok()?.to_owned();
        (rest != Path::new("")).then(|| path.join(rest))
    };
    paths.iter().filter_map(below).collect()
}

/// When a file was changed last (RFC 3339).
fn changed(path: &Path) -> Option<String> {
    let time = path.metadata().ok()?.modified().ok()?;
    let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let moment = OffsetDateTime::from_unix_timestamp(seconds as i64).ok()?;
    Some(Stamp::new(moment).to_string())
}
