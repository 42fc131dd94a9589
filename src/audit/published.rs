//! The published lines of a chain: files that are written once, in folders of a hundred lines.
//!
//! A commit publishes what its branch lacks, so a file holds the lines from one commit to the next and
//! has the same bytes in every branch; whoever merges two of them has no conflict. Files that tell the
//! same lines are fine as long as they tell them alike: an older authy wrote its chains in the work
//! tree, in segments that grew, and a branch may have one at another length.

use std::fs::{File, OpenOptions, ReadDir};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::cuts::Cut;
use super::error::AuditError;
use super::expect::Expect;
use super::fault::Fault;
use super::file;
use super::line::{Line, split};
use super::name::{ChainName, Head};
use super::segments::{Row, Segment};
use super::verify::{ChainReport, verify};
use crate::crypto::digest::Digest;
use crate::fs::{CHAIN_ENDING, chain_folder, published_file, segment_file};

/// Where the published lines of one chain lie.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    chain: ChainName,
    folder: PathBuf,
    /// In order of their first lines.
    files: Vec<Piece>,
}

/// A file of published lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    /// With which line it begins, as its name says.
    first: u64,
    /// Its path in the chain's folder.
    file: String,
}

impl Published {
    /// Lists the files of `chain` in the folder `audit`; there may be none.
    ///
    /// # Errors
    /// [`AuditError::Io`], [`AuditError::NotRegular`].
    pub(crate) fn find(audit: &Path, chain: &ChainName) -> Result<Self, AuditError> {
        let folder = audit.join(chain.as_str());
        let mut files = Vec::new();
        for inside in folders_in(&folder)? {
            files.extend(pieces_in(&folder, &inside)?);
        }
        files.sort_unstable();
        Ok(Self { chain: chain.clone(), folder, files })
    }

    /// The last line of `chain` in the folder `audit`: its number and hash. Checks only its form.
    ///
    /// # Errors
    /// As [`Published::find`]; [`AuditError::Unreadable`].
    pub(crate) fn head(audit: &Path, chain: &ChainName) -> Result<Option<Head>, AuditError> {
        let folder = audit.join(chain.as_str());
        // A folder without lines hides none of those before.
        for inside in folders_in(&folder)?.iter().rev() {
            let mut pieces = pieces_in(&folder, inside)?;
            pieces.sort_unstable();
            for piece in pieces.iter().rev() {
                let path = folder.join(&piece.file);
                let failed = |source| AuditError::io("read", &path, source);
                let tail = file::tail(&open(&path)?).map_err(failed)?;
                let unreadable = |fault| AuditError::Unreadable { path: path.clone(), fault };
                if let Some(line) = tail.map_err(unreadable)?.line {
                    let seq = Line::parse(&line).map_err(unreadable)?.seq;
                    return Ok(Some(Head { seq, hash: Digest::of(&line) }));
                }
            }
        }
        Ok(None)
    }

    /// Whether there is no file.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether lines lie here the way they do now, and not only the way they once did.
    pub(crate) fn is_in_folders(&self) -> bool {
        self.files.iter().any(|piece| piece.file.contains('/'))
    }

    /// The file that holds line `number`, or would.
    pub(crate) fn holding(&self, number: u64) -> PathBuf {
        match self.files.iter().rev().find(|piece| piece.first <= number) {
            Some(piece) => self.folder.join(&piece.file),
            None => self.folder.clone(),
        }
    }

    /// Reads the files from the last to the first, as long as `take` says so; each line once.
    ///
    /// # Errors
    /// As [`Published::verify`].
    pub(crate) fn read_back(
        &self,
        mut take: impl FnMut(Segment) -> bool,
    ) -> Result<(), AuditError> {
        // The lines that were handed on, from the first one to the one behind the last.
        let mut told: Option<(u64, u64)> = None;
        for at in (0..self.files.len()).rev() {
            let first = self.files[at].first;
            let mut bytes = Vec::new();
            self.read_into(at, &mut bytes)?;
            let count = split(&bytes).0.len() as u64;
            let (low, high) = told.unwrap_or((first + count, first + count));
            if first + count > low {
                let is_new = |number: &u64| *number < low || *number >= high;
                let lines = (first..).zip(split(&bytes).0).filter(|(number, _)| is_new(number));
                bytes = lines.flat_map(|(_, line)| [line, b"\n".as_slice()].concat()).collect();
            }
            told = Some((low.min(first), high.max(first + count)));
            if !take(Segment { first, bytes }) {
                break;
            }
        }
        Ok(())
    }

    /// Verifies the chain by what is published of it.
    ///
    /// # Errors
    /// [`AuditError::NotRegular`], [`AuditError::Unreadable`] for a file larger than any that
    /// authy writes, [`AuditError::Io`]. Damage is in the report.
    pub(crate) fn verify(&self, expect: &Expect<'_>) -> Result<ChainReport, AuditError> {
        verify(self, expect)
    }

    /// Compares what is published with the writer's own lines, which `report` is on, and with how they
    /// were cut; returns the file that tells a line otherwise.
    ///
    /// # Errors
    /// As [`Published::verify`].
    pub(crate) fn compare(
        &self,
        report: &mut ChainReport,
        cuts: &[Cut],
    ) -> Result<Option<PathBuf>, AuditError> {
        let numbers: Vec<usize> = (0..self.files.len()).collect();
        let differing = |at: &usize| -> Result<Option<(u64, Fault)>, AuditError> {
            let (mut bytes, piece) = (Vec::new(), &self.files[*at]);
            self.read_into(*at, &mut bytes)?;
            let file = format!("{}/{}", chain_folder(self.chain.as_str()), piece.file);
            let lines = split(&bytes).0;
            let count = lines.len() as u64;
            for (number, line) in (piece.first..).zip(lines) {
                match report.hash(number) {
                    Some(hash) if hash == Digest::of(line) => {}
                    Some(_) => return Ok(Some((number, Fault::PublishedOtherwise { file }))),
                    // Where the own lines are damaged those behind prove nothing.
                    None if report.is_damaged() => return Ok(None),
                    None => return Ok(Some((number, Fault::PublishedBeyond { file }))),
                }
            }
            // A segment of before may be shorter in this branch.
            let cut = cuts.binary_search_by_key(&piece.first, |cut| cut.first);
            let cut = cut.ok().map(|at| cuts[at]).filter(|_| piece.file.contains('/'));
            let is_whole = cut.is_none_or(|cut| cut.last + 1 == cut.first + count);
            let number = piece.first + count;
            Ok((!is_whole).then_some((number, Fault::PublishedOtherwise { file })))
        };
        let found: Vec<_> = numbers.par_iter().with_min_len(16).map(differing).collect();
        let mut first: Option<(u64, Fault)> = None;
        for found in found {
            let found = found?;
            if let Some((line, _)) = &found
                && first.as_ref().is_none_or(|(known, _)| line < known)
            {
                first = found;
            }
        }
        Ok(first.map(|(line, fault)| {
            report.damage(line, fault);
            self.holding(line)
        }))
    }

    fn read_into(&self, at: usize, bytes: &mut Vec<u8>) -> Result<(), AuditError> {
        let path = self.folder.join(&self.files[at].file);
        file::read_into(open(&path)?, &path, bytes)
    }
}

impl Row for Published {
    const IS_PUBLISHED: bool = true;

    fn firsts(&self) -> Result<Vec<u64>, AuditError> {
        Ok(self.files.iter().map(|piece| piece.first).collect())
    }

    fn bytes<'b>(&'b self, at: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], AuditError> {
        self.read_into(at, buffer)?;
        Ok(buffer)
    }
}

/// Opens a file, no link followed, and nothing but a regular one.
fn open(path: &Path) -> Result<File, AuditError> {
    let flags = i32::try_from(file::FLAGS.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|error| file::refused(path, file::Access::Read, error))?;
    match file.metadata() {
        Ok(kind) if kind.is_file() => Ok(file),
        Ok(_) => Err(AuditError::NotRegular { path: path.to_owned() }),
        Err(source) => Err(AuditError::io("open", path, source)),
    }
}

/// Calls `each` with every name in a folder and whether it is a folder's; a missing folder is empty.
fn each_name(folder: &Path, mut each: impl FnMut(String, bool)) -> Result<(), AuditError> {
    let failed = |source| AuditError::io("list", folder, source);
    let entries: ReadDir = match folder.symlink_metadata() {
        Ok(kind) if kind.is_dir() => std::fs::read_dir(folder).map_err(failed)?,
        Ok(_) => return Err(AuditError::NotRegular { path: folder.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed(source)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if let Ok(name) = entry.file_name().into_string() {
            each(name, kind.is_dir());
        }
    }
    Ok(())
}

/// The folders in a chain's folder in the order of their numbers, after the chain's folder itself, which
/// is the empty name: segments of an older authy lie there.
fn folders_in(folder: &Path) -> Result<Vec<String>, AuditError> {
    let mut folders = vec![String::new()];
    each_name(folder, |name, is_folder| folders.extend(is_folder.then_some(name)))?;
    // Numbers without more zeros than they need sort by length first.
    folders.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    Ok(folders)
}

/// The files of lines in one of the folders.
fn pieces_in(folder: &Path, inside: &str) -> Result<Vec<Piece>, AuditError> {
    let mut pieces = Vec::new();
    let is_top = inside.is_empty();
    let place = if is_top { folder.to_owned() } else { folder.join(inside) };
    each_name(&place, |name, is_folder| {
        let found = match is_top {
            true => piece(&name, segment_file),
            false => piece(&format!("{inside}/{name}"), published_file),
        };
        pieces.extend(found.filter(|_| !is_folder));
    })?;
    Ok(pieces)
}

/// The file under this name, if that is the one that lines of its number have.
fn piece(name: &str, expected: impl Fn(u64) -> String) -> Option<Piece> {
    let stem = name.strip_suffix(CHAIN_ENDING)?;
    let first = stem.rsplit('/').next()?.parse().ok().filter(|first| *first > 0)?;
    // Numbers have other spellings (`+1`, `1`); one file has one.
    (expected(first) == name).then(|| Piece { first, file: name.to_owned() })
}
