//! What git tracks although it must not: keys, local state, grants of one clone.
//!
//! Every command asks this first, so the index file is read and nothing else is opened.

use std::io::{self, Read};
use std::path::Path;

use gix::bstr::{BStr, ByteSlice as _};
use gix::index::File;
use memchr::memmem;

use super::error::GitError;
use super::locate::Worktree;
use super::program;
use crate::fs::{self, KEYS, LOCAL, SESSIONS};

/// What lies at the top of a vault and is private, the last one but for what is shared.
const TOP: [&str; 3] = [KEYS, LOCAL, SESSIONS];
/// How much of an index is looked at in one go.
const WINDOW: usize = 64 << 10;
/// More bytes than a path has that any system can open.
const LONGEST: usize = 16 << 10;
/// More paths than anybody wants to read in a message.
const MOST: usize = 100;

/// Lists files of the vault that git tracks under `keys/`, `.local/` and unshared `sessions/`,
/// the first hundred of them. A large index that has none is noted at `note`, and not looked through
/// again before it changes.
///
/// # Errors
/// [`GitError::Gix`] where the index cannot be read, [`GitError::Io`]; [`GitError::Program`] and
/// [`GitError::Refused`] where only the git program can read the index.
pub(crate) fn tracked_private(vault: &Path, note: &Path) -> Result<Vec<String>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(Vec::new()) };
    // An empty one, which a power cut may leave, lists nothing; `check` finds it.
    if !place.index().metadata().is_ok_and(|index| index.len() > 0) {
        return Ok(Vec::new());
    }
    let index = place.index();
    let is_large = index.metadata().is_ok_and(|index| index.len() > WINDOW as u64);
    if is_large && is_noted(&index, note) {
        return Ok(Vec::new());
    }
    // Taken before it is read: what changes meanwhile makes it old.
    let mark = is_large.then(|| fs::mark_of(&index));
    let opened = std::fs::File::open(&index);
    if opened.and_then(|index| is_clean(index, &place.prefix)).unwrap_or(false) {
        mark.iter().for_each(|mark| fs::jot(note, mark.as_bytes()));
        return Ok(Vec::new());
    }
    // One thread starts faster than it saves, and the checksum is git's business.
    let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
    let index = File::at(index, place.kind().hash, true, options)
        .map_err(GitError::gix("read the git index"))?;
    Ok(select(&place, index.entries().iter().map(|entry| entry.path(&index))))
}

/// Whether an index is the one that was noted, and not so young that a change might not show.
fn is_noted(index: &Path, note: &Path) -> bool {
    let noted = fs::read_plain(note, 256).ok().flatten().and_then(|it| String::from_utf8(it).ok());
    noted.is_some_and(|mark| fs::is_marked_since(index, &mark, note))
}

/// Lists what lies at the top of a vault that is a repository of its own and git neither tracks nor
/// was told to ignore, the first hundred names.
///
/// # Errors
/// [`GitError::Program`] and [`GitError::Refused`] of the git program.
pub(crate) fn untracked(vault: &Path) -> Result<Vec<String>, GitError> {
    let Some(place) = Worktree::find(vault)?.filter(|place| place.prefix.is_empty()) else {
        return Ok(Vec::new());
    };
    let words = ["ls-files", "-z", "--others", "--exclude-standard", "--directory"];
    let listed = program::answer(&place, "list what it does not track", &words)?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).take(MOST).collect())
}

/// Whether the bytes of an index show that no private path is in it; false where that is not
/// clear. Parsing takes several times as long, and there are many more commands than such paths.
///
/// In version 2 each path stands there in whole, behind two bytes that hold its length in twelve
/// of their bits (gitformat-index(5)). Other versions, and an index that shares entries with
/// another file, are for the parser.
fn is_clean(mut index: impl Read, prefix: &[u8]) -> io::Result<bool> {
    let paths = TOP.map(|top| [prefix, top.as_bytes()].concat());
    let words: Vec<_> = paths.iter().map(memmem::Finder::new).collect();
    let shared = memmem::Finder::new(b"link\0");
    let mut window = Vec::with_capacity(WINDOW + LONGEST + 2);
    loop {
        let is_first = window.is_empty();
        let read = index.by_ref().take(WINDOW as u64).read_to_end(&mut window)?;
        if is_first && !window.starts_with(b"DIRC\0\0\0\x02") {
            return Ok(false);
        }
        // What begins near the end is looked at together with what follows.
        let sure = if read == 0 { window.len() } else { window.len().saturating_sub(LONGEST) };
        let begins = |word: &memmem::Finder<'_>| {
            word.find_iter(&window).take_while(|at| *at < sure).any(|at| is_path(&window, at))
        };
        if words.iter().any(begins) || shared.find(&window).is_some() {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
        window.drain(..sure.saturating_sub(2));
    }
}

/// Whether a path can begin here: its length stands before it.
fn is_path(index: &[u8], at: usize) -> bool {
    const LARGEST: usize = 0xfff;
    let Some((_, length)) = index[..at].split_last_chunk() else { return false };
    let found = memchr::memchr(0, &index[at..]).unwrap_or(0);
    usize::from(u16::from_be_bytes(*length)) & LARGEST == found.min(LARGEST)
}

fn select<'a>(place: &Worktree, paths: impl Iterator<Item = &'a BStr>) -> Vec<String> {
    paths
        .filter_map(|path| path.strip_prefix(place.prefix.as_slice()))
        .filter(|path| is_private(path))
        .map(|path| path.to_str_lossy().into_owned())
        .take(MOST)
        .collect()
}

/// Whether a path of the vault must never be committed: keys, local state, unshared grants.
/// A tracked link named `keys` is as bad as a tracked key.
pub(crate) fn is_private(path: &[u8]) -> bool {
    let top = path.split(|byte| *byte == b'/').next();
    let is_private = TOP.iter().any(|name| top == Some(name.as_bytes()));
    is_private && !path.starts_with(b"sessions/shared/")
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, WINDOW, is_clean};

    fn index(before: usize, path: &[u8]) -> Vec<u8> {
        let length = u16::try_from(path.len()).unwrap().min(0xfff).to_be_bytes();
        let start = b"DIRC\0\0\0\x02";
        [&start[..], &vec![1; before], &length, path, b"\0", &vec![1; LONGEST + 9]].concat()
    }

    #[test]
    fn a_path_is_found_wherever_the_window_ends() {
        let near = |place: usize| (place - 40..place + 40).chain([place - 5000]);
        let edges = [WINDOW - LONGEST, WINDOW, 2 * WINDOW - 2 * LONGEST, 2 * WINDOW - LONGEST];
        for before in edges.into_iter().flat_map(near) {
            for (path, is_private) in [("keys/x", true), (".local", true), ("kept/keys", false)] {
                let found = is_clean(&index(before, path.as_bytes())[..], b"").unwrap();
                assert_eq!(found, !is_private, "{before} {path}");
            }
            let inside = index(before, b"apps/v/keys/x");
            assert!(!is_clean(&inside[..], b"apps/v/").unwrap());
            assert!(
                is_clean(&inside[..], b"").unwrap() && is_clean(&inside[..], b"apps/").unwrap()
            );
            let long = index(before, &[b"sessions/", &vec![b'x'; 5000][..]].concat());
            assert!(!is_clean(&long[..], b"").unwrap());
        }
    }

    #[test]
    fn what_is_not_clear_is_not_clean() {
        let shares = [&index(9, b"a")[..], b"link\0\0\0\x20"].concat();
        for other in [b"", &b"DIRC\0\0\0\x03"[..], b"DIRC\0\0\0\x04", &shares] {
            assert!(!is_clean(other, b"").unwrap());
        }
        assert!(is_clean(&b"DIRC\0\0\0\x02"[..], b"").unwrap());
    }
}
