//! A chain that was found and locked: which segments there are, and where it ends.
//!
//! Whoever appends needs the last segment alone. Each says by its last line how the next one is
//! called, so from a segment that was the last one lately it is a step or none to the one that
//! is now: a note of it spares a long chain from being listed for each line.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::error::AuditError;
use super::fault::Fault;
use super::file::{self, Access, Tail};
use super::limits::MAX_SEGMENT;
use super::line::Line;
use super::segments::{ChainFiles, Row, Segment};
use crate::fs::{self, CHAIN_ENDING, segment_file, sync_entries};
use crate::many;

/// For fewer segments a list is as quick as a note.
const FEW: usize = 16;
/// How many segments a note may be behind.
const STEPS: usize = 8;

/// A chain that is there, locked.
#[derive(Debug)]
pub(super) struct Found<'f> {
    files: &'f ChainFiles,
    access: Access,
    folder: OwnedFd,
    firsts: OnceLock<Vec<u64>>,
}

/// The last line of a chain, and the segment it stands in.
#[derive(Debug)]
pub(super) struct Last {
    /// With which line the segment begins.
    pub(super) first: u64,
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// The line without its newline.
    pub(super) line: Vec<u8>,
    /// Length of the segment up to and including the line's newline.
    pub(super) whole: u64,
}

/// The end of a chain.
#[derive(Debug)]
pub(super) struct End {
    /// `None` where there is no whole line.
    pub(super) last: Option<Last>,
    /// Segments after it that a crash left without a whole line.
    pub(super) empty: Vec<u64>,
}

impl<'f> Found<'f> {
    /// Takes a chain whose `folder` is locked.
    pub(super) const fn new(files: &'f ChainFiles, access: Access, folder: OwnedFd) -> Self {
        Self { files, access, folder, firsts: OnceLock::new() }
    }

    /// The numbers with which the segments in the folder begin, sorted.
    pub(super) fn firsts(&self) -> Result<&[u64], AuditError> {
        if let Some(firsts) = self.firsts.get() {
            return Ok(firsts);
        }
        let listed = firsts_in(self.files.folder())
            .map_err(|source| AuditError::io("list", self.files.folder(), source))?;
        Ok(self.firsts.get_or_init(|| listed))
    }

    /// Reads every segment, in order.
    pub(super) fn all(&self) -> Result<Vec<Segment>, AuditError> {
        many::map(self.firsts()?, |first| self.read(*first)).into_iter().collect()
    }

    /// Whether the first segment has a whole line near its start; other segments are not looked
    /// at.
    pub(super) fn has_first_line(&self) -> bool {
        self.open(1, Access::Read).is_ok_and(|mut file| {
            let mut start = [0; 4096];
            file.read(&mut start).is_ok_and(|read| start[..read].contains(&b'\n'))
        })
    }

    /// Finds the last line: from the segment that was noted, or reading backwards.
    pub(super) fn last(&self) -> Result<End, AuditError> {
        let noted = self.noted();
        let (end, is_long) = match noted.and_then(|first| self.walk(first)) {
            Some(end) => (end, true),
            None => (self.search()?, self.firsts()?.len() >= FEW),
        };
        if let Some(last) = &end.last
            && is_long
            && noted != Some(last.first)
        {
            self.note(last.first);
        }
        Ok(end)
    }

    /// Looks for the last line backwards, and no further than needed.
    fn search(&self) -> Result<End, AuditError> {
        let mut empty = Vec::new();
        for first in self.firsts()?.iter().rev() {
            match self.end_of(*first)? {
                Some(last) => return Ok(End { last: Some(last), empty }),
                None => empty.push(*first),
            }
        }
        Ok(End { last: None, empty })
    }

    /// The last line of a segment; `None` where there is no whole one.
    fn end_of(&self, first: u64) -> Result<Option<Last>, AuditError> {
        let access = if self.access == Access::Read { Access::Read } else { Access::Append };
        let path = self.path(first);
        let file = self.open(first, access)?;
        let failed = |source| AuditError::io("read", &path, source);
        // What nobody writes is not looked at from its end, which may be far.
        let length = file.metadata().map_err(failed)?.len();
        if length > MAX_SEGMENT {
            return Err(AuditError::Unreadable { path, fault: Fault::TooLong });
        }
        let tail = file::tail(&file).map_err(failed)?;
        let Tail { line, whole } =
            tail.map_err(|fault| AuditError::Unreadable { path: path.clone(), fault })?;
        Ok(line.map(|line| Last { first, path, file, line, whole }))
    }

    /// Walks from the segment that begins with line `first` to the last one. `None` where
    /// anything is not as it ought to be: then the folder is listed.
    fn walk(&self, first: u64) -> Option<End> {
        let mut last = self.end_of(first).ok()??;
        for _ in 0..STEPS {
            let next = Line::parse(&last.line).ok()?.seq.checked_add(1)?;
            if next <= last.first {
                return None;
            }
            if self.is_missing(next)? {
                return Some(End { last: Some(last), empty: Vec::new() });
            }
            match self.end_of(next).ok()? {
                Some(end) => last = end,
                None => return Some(End { last: Some(last), empty: vec![next] }),
            }
        }
        None
    }

    /// Whether there is nothing under the name of this segment; `None` where that is not clear.
    fn is_missing(&self, first: u64) -> Option<bool> {
        match statat(&self.folder, segment_file(first), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Some(false),
            Err(Errno::NOENT) => Some(true),
            Err(_) => None,
        }
    }

    /// The segment that was the last one lately.
    fn noted(&self) -> Option<u64> {
        let bytes = fs::read_plain(self.files.note()?, 32).ok().flatten()?;
        std::str::from_utf8(&bytes).ok()?.trim_end().parse().ok()
    }

    /// Notes the last segment; where that fails the folder is listed next time.
    fn note(&self, first: u64) {
        if let Some(note) = self.files.note() {
            fs::remember(note, format!("{first}\n").as_bytes());
        }
    }

    /// Opens the segment that begins with line `first` for writing; it is made where it is
    /// missing. Its name is on disk when this returns.
    pub(super) fn begin(&self, first: u64) -> Result<(PathBuf, File), AuditError> {
        let path = self.path(first);
        let file = self.open(first, Access::Create)?;
        sync_entries(&self.folder)
            .map_err(|source| AuditError::io("sync the folder of", &path, source))?;
        Ok((path, file))
    }

    fn path(&self, first: u64) -> PathBuf {
        self.files.folder().join(segment_file(first))
    }

    pub(super) fn read(&self, first: u64) -> Result<Segment, AuditError> {
        let mut bytes = Vec::new();
        self.read_into(first, &mut bytes)?;
        Ok(Segment { first, bytes })
    }

    /// Reads a segment into a buffer that can be used again.
    fn read_into(&self, first: u64, bytes: &mut Vec<u8>) -> Result<(), AuditError> {
        file::read_into(self.open(first, Access::Read)?, &self.path(first), bytes)
    }

    fn open(&self, first: u64, access: Access) -> Result<File, AuditError> {
        let path = self.path(first);
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
            Access::Create => OFlags::RDWR | OFlags::APPEND | OFlags::CREATE,
        };
        let flags = flags | file::FLAGS | OFlags::CLOEXEC;
        let file = openat(&self.folder, segment_file(first), flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| file::refused(&path, access, errno.into()))?;
        let file = File::from(file);
        let kind = file.metadata().map_err(|source| AuditError::io("open", &path, source))?;
        match kind.is_file() {
            true => Ok(file),
            false => Err(AuditError::NotRegular { path }),
        }
    }
}

impl Row for Found<'_> {
    fn firsts(&self) -> Result<Vec<u64>, AuditError> {
        Ok(Found::firsts(self)?.to_vec())
    }

    fn bytes<'b>(&'b self, at: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], AuditError> {
        self.read_into(Found::firsts(self)?[at], buffer)?;
        Ok(buffer)
    }
}

/// The numbers that the names in the folder stand for, sorted; other names are no segments.
fn firsts_in(folder: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        let number = name.strip_suffix(CHAIN_ENDING).and_then(|stem| stem.parse::<u64>().ok());
        // Numbers have other spellings (`+1`, `1`); one segment has one.
        firsts.extend(number.filter(|first| *first > 0 && segment_file(*first) == name));
    }
    firsts.sort_unstable();
    Ok(firsts)
}
