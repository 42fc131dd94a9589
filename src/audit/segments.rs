//! Where a chain lies: a folder of segments, in order of their first lines.
//!
//! Only the last segment is written to, so that a commit never stores old lines again. The
//! folder's lock is the chain's lock. A vault may come through git, so no link is followed
//! and nothing but regular files is read. Chains that were begun before there were segments
//! lie in one file beside the folder: that file is their first segment, and is closed.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open, openat};
use rustix::io::Errno;

use super::error::AuditError;
use super::fault::Fault;
use super::file::{self, Access, Tail};
use super::limits::{MAX_LINE, SEGMENT};
use super::line::Line;
use super::name::{ChainName, Head};
use crate::crypto::digest::Digest;
use crate::fs::{CHAIN_ENDING, chain_key_file, old_chain_file, segment_file, sync_entries};

/// Most bytes of a segment that is read at all: a line too long for the others stands alone.
const MAX_SEGMENT: u64 = SEGMENT + MAX_LINE as u64 + 1;
/// How often a folder may be replaced under our hands before we give up.
const ATTEMPTS: usize = 16;

/// Where the files of one chain lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainFiles {
    chain: ChainName,
    folder: PathBuf,
    old: PathBuf,
    key: PathBuf,
}

/// One segment as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The number of its first line, as its name says.
    pub(crate) first: u64,
    /// Its bytes, a torn last line included.
    pub(crate) bytes: Vec<u8>,
}

impl ChainFiles {
    /// Names the files of `chain` in the folder `audit`.
    pub(crate) fn new(audit: &Path, chain: &ChainName) -> Self {
        Self {
            folder: audit.join(chain.as_str()),
            old: audit.join(old_chain_file(chain.as_str())),
            key: audit.join(chain_key_file(chain.as_str())),
            chain: chain.clone(),
        }
    }

    /// The chain.
    pub(crate) fn chain(&self) -> &ChainName {
        &self.chain
    }

    /// The file of the chain's key, sealed.
    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    /// The folder of the segments.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that holds line `number`, of segments that begin with the lines `firsts`.
    pub(crate) fn holding(&self, firsts: &[u64], number: u64) -> PathBuf {
        match firsts.iter().rev().find(|first| **first <= number) {
            Some(1) | None if self.old.is_file() => self.old.clone(),
            Some(first) => self.folder.join(segment_file(*first)),
            None => self.folder.clone(),
        }
    }

    /// Whether the chain has a line.
    ///
    /// # Errors
    /// As [`ChainFiles::read`].
    pub(crate) fn is_open(&self) -> Result<bool, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(false) };
        Ok(found.last()?.last.is_some())
    }

    /// Reads the head of the chain; `None` where there is no whole line.
    ///
    /// Reads only the last line and checks only its form: whoever trusts it verifies.
    ///
    /// # Errors
    /// [`AuditError::NotRegular`], [`AuditError::Unreadable`], [`AuditError::Io`],
    /// [`AuditError::Moving`].
    pub(crate) fn head(&self) -> Result<Option<Head>, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(None) };
        let Some(last) = found.last()?.last else { return Ok(None) };
        let line = Line::parse(&last.line)
            .map_err(|fault| AuditError::Unreadable { path: last.path.clone(), fault })?;
        Ok(Some(Head { seq: line.seq, hash: Digest::of(&last.line) }))
    }

    /// The numbers with which the segments in the folder begin, sorted.
    ///
    /// # Errors
    /// As [`ChainFiles::read`].
    pub(crate) fn firsts(&self) -> Result<Vec<u64>, AuditError> {
        Ok(self.find(Access::Read)?.map(|found| found.firsts).unwrap_or_default())
    }

    /// Reads every segment, in order.
    ///
    /// # Errors
    /// [`AuditError::NotRegular`], [`AuditError::Unreadable`] for one larger than any that
    /// authy writes, [`AuditError::Io`], [`AuditError::Moving`].
    pub(crate) fn read(&self) -> Result<Vec<Segment>, AuditError> {
        let mut all = Vec::new();
        self.read_back(|segment| {
            all.push(segment);
            true
        })?;
        all.reverse();
        Ok(all)
    }

    /// Reads segments from the last to the first, as long as `take` says so.
    ///
    /// # Errors
    /// As [`ChainFiles::read`].
    pub(crate) fn read_back(
        &self,
        mut take: impl FnMut(Segment) -> bool,
    ) -> Result<(), AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(()) };
        for id in found.ids().into_iter().rev() {
            if !take(found.read(id)?) {
                break;
            }
        }
        Ok(())
    }

    /// Locks the chain and looks at its segments; `None` where there is nothing. To append,
    /// a folder is made for a chain that has only the old file, to open one in any case.
    pub(super) fn find(&self, access: Access) -> Result<Option<Found<'_>>, AuditError> {
        let io = |doing| move |source| AuditError::io(doing, &self.folder, source);
        for _ in 0..ATTEMPTS {
            let old = self.old.symlink_metadata().is_ok();
            let Some(folder) = open_folder(&self.folder)? else {
                match access {
                    Access::Create => {}
                    Access::Append if old => {}
                    Access::Read if old => {
                        let firsts = Vec::new();
                        return Ok(Some(Found { files: self, access, folder: None, old, firsts }));
                    }
                    _ => return Ok(None),
                }
                make_folder(&self.folder, access)?;
                continue;
            };
            let operation = match access {
                Access::Read => FlockOperation::LockShared,
                _ => FlockOperation::LockExclusive,
            };
            rustix::io::retry_on_intr(|| flock(&folder, operation))
                .map_err(|errno| io("lock")(errno.into()))?;
            let folder = File::from(folder);
            if file::stands_at(&folder, &self.folder).map_err(io("open"))? {
                let firsts = firsts_in(&self.folder).map_err(io("list"))?;
                let folder = Some(folder.into());
                return Ok(Some(Found { files: self, access, folder, old, firsts }));
            }
        }
        Err(AuditError::Moving { path: self.folder.clone() })
    }
}

/// Lists the chains whose files lie in the folder `audit`, sorted; a missing one is empty.
///
/// # Errors
/// [`AuditError::Io`].
pub(crate) fn chains_in(audit: &Path) -> Result<Vec<ChainFiles>, AuditError> {
    let entries = match std::fs::read_dir(audit) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(AuditError::io("list", audit, source)),
    };
    let mut chains = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| AuditError::io("list", audit, source))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        // A link under a chain's name is found when it is read.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let stem = if is_file { name.strip_suffix(CHAIN_ENDING) } else { Some(name) };
        chains.extend(stem.and_then(ChainName::parse));
    }
    chains.sort_unstable();
    chains.dedup();
    Ok(chains.iter().map(|chain| ChainFiles::new(audit, chain)).collect())
}

/// A file of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    /// The file of a chain that was begun before there were segments.
    Old,
    /// The segment that begins with this line.
    First(u64),
}

impl Id {
    /// The number of its first line.
    pub(super) const fn first(self) -> u64 {
        match self {
            Self::Old => 1,
            Self::First(first) => first,
        }
    }
}

/// A chain that is there, locked.
#[derive(Debug)]
pub(super) struct Found<'f> {
    files: &'f ChainFiles,
    access: Access,
    folder: Option<OwnedFd>,
    /// Whether the file of before there were segments is there.
    old: bool,
    firsts: Vec<u64>,
}

/// The last line of a chain, and the segment it stands in.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) id: Id,
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

impl Found<'_> {
    /// The segments in order.
    fn ids(&self) -> Vec<Id> {
        let old = self.old.then_some(Id::Old);
        old.into_iter().chain(self.firsts.iter().copied().map(Id::First)).collect()
    }

    /// Reads every segment, in order.
    pub(super) fn all(&self) -> Result<Vec<Segment>, AuditError> {
        self.ids().into_iter().map(|id| self.read(id)).collect()
    }

    /// Finds the last line, reading backwards and no further than needed.
    pub(super) fn last(&self) -> Result<End, AuditError> {
        let access = if self.access == Access::Read { Access::Read } else { Access::Append };
        let mut empty = Vec::new();
        for id in self.ids().into_iter().rev() {
            let path = self.path(id);
            let file = self.open(id, access)?;
            let failed = |source| AuditError::io("read", &path, source);
            // What nobody writes is not looked at from its end, which may be far.
            let length = file.metadata().map_err(failed)?.len();
            if id != Id::Old && length > MAX_SEGMENT {
                return Err(AuditError::Unreadable { path, fault: Fault::TooLong });
            }
            let tail = file::tail(&file).map_err(failed)?;
            let Tail { line, whole } =
                tail.map_err(|fault| AuditError::Unreadable { path: path.clone(), fault })?;
            match line {
                Some(line) => {
                    return Ok(End { last: Some(Last { id, path, file, line, whole }), empty });
                }
                None => empty.push(id.first()),
            }
        }
        Ok(End { last: None, empty })
    }

    /// Opens the segment that begins with line `first` for writing; it is made where it is
    /// missing. Its name is on disk when this returns.
    pub(super) fn begin(&self, first: u64) -> Result<(PathBuf, File), AuditError> {
        let path = self.path(Id::First(first));
        let file = self.open(Id::First(first), Access::Create)?;
        if let Some(folder) = &self.folder {
            sync_entries(folder)
                .map_err(|source| AuditError::io("sync the folder of", &path, source))?;
        }
        Ok((path, file))
    }

    fn path(&self, id: Id) -> PathBuf {
        match id {
            Id::Old => self.files.old.clone(),
            Id::First(first) => self.files.folder.join(segment_file(first)),
        }
    }

    fn read(&self, id: Id) -> Result<Segment, AuditError> {
        let path = self.path(id);
        let failed = |source| AuditError::io("read", &path, source);
        let file = self.open(id, Access::Read)?;
        let limit = if id == Id::Old { u64::MAX } else { MAX_SEGMENT };
        if file.metadata().map_err(failed)?.len() > limit {
            return Err(AuditError::Unreadable { path, fault: Fault::TooLong });
        }
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Segment { first: id.first(), bytes })
    }

    fn open(&self, id: Id, access: Access) -> Result<File, AuditError> {
        let path = self.path(id);
        let (Id::First(first), Some(folder)) = (id, &self.folder) else {
            let gone = || AuditError::io("open", &path, io::ErrorKind::NotFound.into());
            return file::open(&path, access)?.ok_or_else(gone);
        };
        let flags = match access {
            Access::Read => OFlags::RDONLY,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
            Access::Create => OFlags::RDWR | OFlags::APPEND | OFlags::CREATE,
        };
        let flags = flags | file::FLAGS | OFlags::CLOEXEC;
        let file = openat(folder, segment_file(first), flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| file::refused(&path, access, errno.into()))?;
        let file = File::from(file);
        let kind = file.metadata().map_err(|source| AuditError::io("open", &path, source))?;
        match kind.is_file() {
            true => Ok(file),
            false => Err(AuditError::NotRegular { path }),
        }
    }
}

/// Opens the folder, no link followed; `None` where there is none.
fn open_folder(path: &Path) -> Result<Option<OwnedFd>, AuditError> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    match open(path, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) => Err(AuditError::NotRegular { path: path.to_owned() }),
        Err(errno) => Err(AuditError::io("open", path, errno.into())),
    }
}

fn make_folder(path: &Path, access: Access) -> Result<(), AuditError> {
    match DirBuilder::new().create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(file::refused(path, access, error))
        }
        _ => file::sync_folder(path)
            .map_err(|source| AuditError::io("sync the folder of", path, source)),
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
