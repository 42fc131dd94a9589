//! The files of a user's folders, whatever lies there: read in pieces, on every core.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::{WalkBuilder, WalkState};

/// Files are read in pieces of this many bytes; most are one.
const PIECE: usize = 4 << 20;

/// Which files.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    /// Files and folders.
    pub(crate) roots: &'t [PathBuf],
    /// What is left out of them, with all that lies there.
    pub(crate) left_out: &'t [PathBuf],
    /// Files of this name say what is left out, as `.gitignore` does for git.
    pub(crate) ignore_file: &'t str,
}

/// A piece of a file.
#[derive(Debug)]
pub(crate) struct Piece<'p> {
    /// The file.
    pub(crate) path: &'p Path,
    /// The bytes, with what is to be seen again of the piece before.
    pub(crate) bytes: &'p [u8],
    /// Where in the file they begin.
    pub(crate) offset: u64,
    /// How many of them are seen again with the next piece; none of the last one.
    pub(crate) again: usize,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Files.
    pub(crate) files: usize,
    /// Files and folders that could not be read.
    pub(crate) unreadable: usize,
}

/// Hands the pieces of each file to a visitor of its thread. Links are not followed, git's own
/// folders are passed over, and what is no regular file is, too. The last `overlap` bytes of a piece
/// are seen again with the next.
pub(crate) fn visit_files<V>(
    tree: &Tree<'_>,
    overlap: usize,
    visitor: impl Fn() -> V + Sync,
) -> Looked
where
    V: FnMut(&Piece<'_>) + Send,
{
    let [first, more @ ..] = tree.roots else { return Looked::default() };
    let mut walk = WalkBuilder::new(first);
    for root in more {
        walk.add(root);
    }
    let left_out: Vec<PathBuf> = tree.left_out.to_vec();
    // What git ignores is where secrets lie.
    walk.standard_filters(false).parents(true).follow_links(false);
    walk.add_custom_ignore_filename(tree.ignore_file);
    walk.filter_entry(move |entry| {
        let is_git = entry.depth() > 0 && entry.file_name() == ".git";
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_left_out = is_git && is_folder || left_out.iter().any(|one| one == entry.path());
        !is_left_out
    });
    let (files, unreadable) = (AtomicUsize::new(0), AtomicUsize::new(0));
    walk.threads(std::thread::available_parallelism().map_or(1, usize::from)).build_parallel().run(
        || {
            let (mut visit, mut buffer) = (visitor(), Vec::new());
            let (files, unreadable) = (&files, &unreadable);
            Box::new(move |entry| {
                let read = match entry {
                    Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                        files.fetch_add(1, Ordering::Relaxed);
                        read(entry.path(), overlap, &mut buffer, &mut visit)
                    }
                    Ok(_) => Ok(()),
                    Err(_) => Err(io::ErrorKind::Other.into()),
                };
                if read.is_err() {
                    unreadable.fetch_add(1, Ordering::Relaxed);
                }
                WalkState::Continue
            })
        },
    );
    Looked { files: files.into_inner(), unreadable: unreadable.into_inner() }
}

/// Whether a path below `root` is left out by the file of this name there.
pub(crate) fn left_out_by(root: Option<PathBuf>, ignore_file: &str) -> impl Fn(&str) -> bool {
    let matcher = root.map(|root| ignore::gitignore::Gitignore::new(root.join(ignore_file)).0);
    move |path| {
        let path = Path::new(path);
        let is_inside = path.is_relative() && !path.starts_with("..");
        matcher.as_ref().is_some_and(|matcher| {
            is_inside && matcher.matched_path_or_any_parents(path, false).is_ignore()
        })
    }
}

fn read(
    path: &Path,
    overlap: usize,
    buffer: &mut Vec<u8>,
    visit: &mut impl FnMut(&Piece<'_>),
) -> io::Result<()> {
    let mut file = File::open(path)?;
    in_pieces(&mut file, overlap, buffer, |bytes, offset, again| {
        visit(&Piece { path, bytes, offset, again });
    })
}

/// Reads to the end, and hands over what was read, where it begins, and how much of it comes again
/// with the next piece.
///
/// # Errors
/// Of `source`.
pub(crate) fn in_pieces(
    source: &mut impl Read,
    overlap: usize,
    buffer: &mut Vec<u8>,
    mut visit: impl FnMut(&[u8], u64, usize),
) -> io::Result<()> {
    let size = PIECE.max(2 * overlap);
    // Once for many files: what is behind the bytes that were read is of others.
    buffer.resize(size, 0);
    let (mut offset, mut filled) = (0, 0);
    loop {
        let mut is_last = false;
        while filled < size && !is_last {
            match source.read(&mut buffer[filled..]) {
                Ok(0) => is_last = true,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let again = if is_last { 0 } else { overlap.min(filled) };
        if filled > 0 {
            visit(&buffer[..filled], offset, again);
        }
        if is_last {
            return Ok(());
        }
        offset += (filled - again) as u64;
        buffer.copy_within(filled - again..filled, 0);
        filled = again;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{Looked, PIECE, Tree, in_pieces, visit_files};

    #[test]
    fn pieces_overlap_and_leave_nothing_out() {
        for length in [0, 10, PIECE - 1, PIECE, 2 * PIECE - 1000, 2 * PIECE + 1234] {
            let text: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut all = Vec::new();
            in_pieces(&mut &text[..], 1000, &mut Vec::new(), |bytes, offset, again| {
                assert_eq!(bytes, &text[offset as usize..][..bytes.len()]);
                assert!(again == 0 || again == 1000);
                all.extend_from_slice(&bytes[..bytes.len() - again]);
            })
            .unwrap();
            assert!(all == text, "{length}");
        }
    }

    #[test]
    fn hidden_and_ignored_files_are_read_and_git_s_own_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            (".gitignore", ".env\n"),
            (".env", "x"),
            (".authyignore", "/kept\n*.sample\n"),
            ("a/b/c.txt", "y"),
            ("a/x.sample", "n"),
            ("kept/z", "n"),
            ("vault/z", "n"),
            (".git/config", "n"),
            ("sub/.git", "gitdir: elsewhere"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("a/b/c.txt", root.join("link")).unwrap();
        let (roots, left_out) = ([root.to_owned()], [root.join("vault")]);
        let tree = Tree { roots: &roots, left_out: &left_out, ignore_file: ".authyignore" };
        let seen = Mutex::new(Vec::new());
        let looked = visit_files(&tree, 10, || {
            |piece: &super::Piece<'_>| {
                let path = piece.path.strip_prefix(root).unwrap().to_owned();
                seen.lock().unwrap().push(path.to_string_lossy().into_owned());
            }
        });
        let mut seen = seen.into_inner().unwrap();
        seen.sort();
        assert_eq!(seen, [".authyignore", ".env", ".gitignore", "a/b/c.txt", "sub/.git"]);
        assert_eq!(looked, Looked { files: 5, unreadable: 0 });
    }
}
