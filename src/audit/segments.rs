//! Where a chain lies: a folder of segments, in order of their first lines.
//!
//! Only the last segment is written to, so that a commit never stores old lines again. The
//! folder's lock is the chain's lock. A vault may come through git, so no link is followed
//! and nothing but regular files is read.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use super::error::AuditError;
use super::file::{self, Access};
use super::found::Found;
use super::line::{Line, split};
use super::name::{ChainName, Head};
use crate::crypto::digest::Digest;
use crate::fs::{chain_key_file, segment_file};

/// How often a folder may be replaced under our hands before we give up.
const ATTEMPTS: usize = 16;

/// Where the files of one chain lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainFiles {
    chain: ChainName,
    folder: PathBuf,
    key: PathBuf,
    note: Option<PathBuf>,
}

/// One segment as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The number of its first line, as its name says.
    pub(crate) first: u64,
    /// Its bytes, a torn last line included.
    pub(crate) bytes: Vec<u8>,
}

/// The segments of a chain, in order, one at a time.
pub(crate) trait Row: Sync {
    /// Whether the files are cut where commits were made, and may tell a line twice.
    const IS_PUBLISHED: bool = false;

    /// With which lines they begin.
    ///
    /// # Errors
    /// [`AuditError::Io`].
    fn firsts(&self) -> Result<Vec<u64>, AuditError>;

    /// The bytes of the segment at this place; `buffer` is there to be used.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`].
    fn bytes<'b>(&'b self, at: usize, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], AuditError>;
}

impl Row for [Segment] {
    fn firsts(&self) -> Result<Vec<u64>, AuditError> {
        Ok(self.iter().map(|segment| segment.first).collect())
    }

    fn bytes<'b>(&'b self, at: usize, _: &'b mut Vec<u8>) -> Result<&'b [u8], AuditError> {
        Ok(&self[at].bytes)
    }
}

impl ChainFiles {
    /// Names the files of `chain` in the folder `audit`.
    pub(crate) fn new(audit: &Path, chain: &ChainName) -> Self {
        Self {
            folder: audit.join(chain.as_str()),
            key: audit.join(chain_key_file(chain.as_str())),
            chain: chain.clone(),
            note: None,
        }
    }

    /// Has the last segment noted in a file of the folder `notes`, once there are many. A note is
    /// believed for nothing: a wrong one costs a look at the folder.
    pub(crate) fn noted_in(mut self, notes: &Path) -> Self {
        self.note = Some(notes.join(self.chain.as_str()));
        self
    }

    pub(super) fn note(&self) -> Option<&Path> {
        self.note.as_deref()
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
            Some(first) => self.folder.join(segment_file(*first)),
            None => self.folder.clone(),
        }
    }

    /// Whether the chain has a line.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`].
    pub(crate) fn is_open(&self) -> Result<bool, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(false) };
        Ok(found.has_first_line() || found.last()?.last.is_some())
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
    /// As [`ChainFiles::verify`].
    pub(crate) fn firsts(&self) -> Result<Vec<u64>, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(Vec::new()) };
        Ok(found.firsts()?.to_vec())
    }

    /// The whole lines from number `from` on to number `to`, each with its newline.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`].
    pub(crate) fn lines(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(Vec::new()) };
        let firsts = found.firsts()?;
        let begin = firsts.partition_point(|first| *first <= from).saturating_sub(1);
        let mut lines = Vec::new();
        for first in firsts[begin..].iter().take_while(|first| **first <= to) {
            let segment = found.read(*first)?;
            let numbered = (*first..).zip(split(&segment.bytes).0);
            let wanted = numbered.filter(|(number, _)| (from..=to).contains(number));
            lines.extend(wanted.map(|(_, line)| [line, b"\n"].concat()));
        }
        Ok(lines)
    }

    /// Reads every segment, in order.
    #[cfg(test)]
    pub(crate) fn read(&self) -> Result<Vec<Segment>, AuditError> {
        self.find(Access::Read)?.map_or_else(|| Ok(Vec::new()), |found| found.all())
    }

    /// Reads segments from the last to the first, as long as `take` says so.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`].
    pub(crate) fn read_back(
        &self,
        mut take: impl FnMut(Segment) -> bool,
    ) -> Result<(), AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(()) };
        for first in found.firsts()?.iter().rev() {
            if !take(found.read(*first)?) {
                break;
            }
        }
        Ok(())
    }

    /// Locks the chain; `None` where there is nothing. To open one its folder is made.
    pub(super) fn find(&self, access: Access) -> Result<Option<Found<'_>>, AuditError> {
        let io = |doing| move |source| AuditError::io(doing, &self.folder, source);
        for _ in 0..ATTEMPTS {
            let Some(folder) = open_folder(&self.folder)? else {
                if access != Access::Create {
                    return Ok(None);
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
                return Ok(Some(Found::new(self, access, folder.into())));
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
        chains.extend(ChainName::parse(name).filter(|_| !is_file));
    }
    chains.sort_unstable();
    chains.dedup();
    Ok(chains.iter().map(|chain| ChainFiles::new(audit, chain)).collect())
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
