//! A file of a chain: how it is opened safely, and its last line.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::error::AuditError;
use super::fault::Fault;
use super::limits::{MAX_LINE, MAX_SEGMENT};

/// First bite at the end of a file; most last lines fit.
const CHUNK: u64 = 4096;

/// How files are opened: no link followed, and a pipe's other end not waited for.
pub(super) const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading, beside other readers.
    Read,
    /// Appending, alone.
    Append,
    /// As `Append`; the file is made where it is missing.
    Create,
}

/// The end of a chain's file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last whole line without its newline.
    pub(super) line: Option<Vec<u8>>,
    /// Length of the file up to and including the last newline.
    pub(super) whole: u64,
}

pub(super) fn refused(path: &Path, access: Access, source: io::Error) -> AuditError {
    use rustix::io::Errno;
    // A link, a socket, a device that nobody drives (open(2)).
    let odd = [Errno::LOOP, Errno::NXIO, Errno::NODEV].map(Errno::raw_os_error);
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
            if access != Access::Read =>
        {
            AuditError::ReadOnly { path, source }
        }
        io::ErrorKind::IsADirectory => AuditError::NotRegular { path },
        _ if source.raw_os_error().is_some_and(|error| odd.contains(&error)) => {
            AuditError::NotRegular { path }
        }
        _ => AuditError::Io { doing: "open", path, source },
    }
}

/// Whether `path` still names this file: a line appended to one that git has just
/// replaced would be lost.
pub(super) fn stands_at(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match path.symlink_metadata() {
        Ok(now) => Ok((now.dev(), now.ino()) == (opened.dev(), opened.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Reads a file of lines into a buffer that can be used again, if it is no larger than any that authy
/// writes.
pub(super) fn read_into(file: File, path: &Path, bytes: &mut Vec<u8>) -> Result<(), AuditError> {
    let failed = |source| AuditError::io("read", path, source);
    let length = file.metadata().map_err(failed)?.len();
    if length > MAX_SEGMENT {
        return Err(AuditError::Unreadable { path: path.to_owned(), fault: Fault::TooLong });
    }
    bytes.clear();
    bytes.reserve(usize::try_from(length).unwrap_or(0) + 1);
    file.take(MAX_SEGMENT).read_to_end(bytes).map_err(failed)?;
    Ok(())
}

/// Finds the last whole line, reading backwards and no further than needed.
pub(super) fn tail(file: &File) -> io::Result<Result<Tail, Fault>> {
    let length = file.metadata()?.len();
    let mut start = length;
    let mut chunk = CHUNK;
    let mut bytes = Vec::new();
    loop {
        if let Some(tail) = find_tail(&bytes, start) {
            return Ok(Ok(tail));
        }
        // Room for the longest line and the longest torn one after it.
        if bytes.len() > 2 * (MAX_LINE + 1) {
            return Ok(Err(Fault::TooLong));
        }
        let step = chunk.min(start);
        start -= step;
        let mut longer = vec![0; usize::try_from(step).unwrap_or_default()];
        file.read_exact_at(&mut longer, start)?;
        longer.append(&mut bytes);
        bytes = longer;
        // Doubling keeps the copying linear in the length of the line.
        chunk *= 2;
    }
}

/// The tail in `bytes`, which are the file's from `start` on; `None`: more are needed.
fn find_tail(bytes: &[u8], start: u64) -> Option<Tail> {
    let newline = |bytes: &[u8]| bytes.iter().rposition(|b| *b == b'\n');
    let Some(end) = newline(bytes) else {
        return (start == 0).then(Tail::default);
    };
    let begin = match newline(&bytes[..end]) {
        Some(before) => before + 1,
        None if start == 0 => 0,
        None => return None,
    };
    Some(Tail { line: Some(bytes[begin..end].to_vec()), whole: start + end as u64 + 1 })
}

/// Syncs the folder that `path` lies in: its name then survives a crash.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    crate::fs::sync_entries(File::open(folder)?)
}

/// How far lines are counted: a file of terabytes, most of it holes, must not hang anybody.
const COUNTED: u64 = 64 << 20;

/// Counts the whole lines: only to name the place of a damage.
pub(super) fn count_lines(file: &File, whole: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let (mut at, mut lines) = (0, 0);
    while at < whole.min(COUNTED) {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            break;
        }
        lines += buffer[..read].iter().filter(|b| **b == b'\n').count() as u64;
        at += read as u64;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::{Access, CHUNK, Fault, MAX_LINE, Tail, refused, stands_at, tail};
    use crate::audit::AuditError;
    use crate::kind::Failure as _;
    use std::fs::File;
    use std::io;

    #[test]
    fn no_end_is_looked_for_without_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        // The longest line, and the longest torn one after it.
        let longest = "x".repeat(MAX_LINE);
        std::fs::write(&path, format!("first\n{longest}\n{longest}")).unwrap();
        let found = tail(&File::open(&path).unwrap()).unwrap().unwrap();
        assert_eq!(found.line.map(|line| line.len()), Some(MAX_LINE));
        let file = File::create(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        assert_eq!(tail(&File::open(&path).unwrap()).unwrap(), Err(Fault::TooLong));
    }

    #[test]
    fn the_last_whole_line_is_found_whatever_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        let long = CHUNK as usize;
        for length in [0, 1, long - 2, long - 1, long, long + 1, 5 * long] {
            for (before, torn) in [("", ""), ("first\n", ""), ("", "torn"), ("first\n", "torn")] {
                let line = "x".repeat(length);
                std::fs::write(&path, format!("{before}{line}\n{torn}")).unwrap();
                let found = tail(&File::open(&path).unwrap()).unwrap().unwrap();
                let whole = (before.len() + length + 1) as u64;
                assert_eq!(found, Tail { line: Some(line.into_bytes()), whole });
            }
        }
        std::fs::write(&path, "torn").unwrap();
        assert_eq!(tail(&File::open(&path).unwrap()).unwrap().unwrap(), Tail::default());
    }

    #[test]
    fn a_file_that_was_replaced_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("c"), dir.path().join("other"));
        std::fs::write(&path, "").unwrap();
        std::fs::write(&other, "").unwrap();
        let file = File::open(&path).unwrap();
        assert!(stands_at(&file, &path).unwrap());
        std::fs::rename(&other, &path).unwrap();
        assert!(!stands_at(&file, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!stands_at(&file, &path).unwrap());
    }

    #[test]
    fn a_read_only_place_is_told_from_other_failures() {
        let path = std::path::Path::new("audit/a-1.jsonl");
        for kind in [io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied] {
            let error = refused(path, Access::Append, kind.into());
            assert!(matches!(error, AuditError::ReadOnly { .. }), "{error}");
            let error = refused(path, Access::Read, kind.into());
            assert!(matches!(error, AuditError::Io { .. }), "{error}");
        }
        let error = refused(path, Access::Append, io::ErrorKind::StorageFull.into());
        assert!(matches!(error, AuditError::Io { .. }) && error.hint().is_some());
    }
}
