//! Where a file lies in a repository, alike in all worktrees of it (gitrepository-layout(5)).
//!
//! The link is followed both ways: a `.git` file that points into somebody's repository makes no
//! worktree of it, unless that repository knows it.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::fs::read_outside;

/// Longest of the small files that hold a path.
const MAX_PATH: usize = 1 << 12;

/// The repository's own folder and the file's path in its worktree, parted by a NUL; `None`
/// outside of repositories, and in submodules.
pub(super) fn place(file: &Path) -> Option<Vec<u8>> {
    let root = file.ancestors().skip(1).find(|folder| folder.join(".git").exists())?;
    let inside = file.strip_prefix(root).ok()?;
    let dot = root.join(".git");
    let common = if dot.is_dir() { dot.canonicalize().ok()? } else { linked(&dot)? };
    Some([common.as_os_str().as_bytes(), b"\0", inside.as_os_str().as_bytes()].concat())
}

/// The repository that a worktree's `.git` file is linked with.
fn linked(dot: &Path) -> Option<PathBuf> {
    let root = dot.parent()?;
    let line = read(dot)?;
    let own = root.join(line.strip_prefix("gitdir: ")?).canonicalize().ok()?;
    let common = own.join(read(&own.join("commondir"))?).canonicalize().ok()?;
    // The way back: what the repository itself says.
    let back = own.join(read(&own.join("gitdir"))?).canonicalize().ok()?;
    let is_its = own.parent() == Some(&common.join("worktrees"));
    (is_its && back == dot.canonicalize().ok()?).then_some(common)
}

/// The one line of a small file.
fn read(path: &Path) -> Option<PathLine> {
    let mut bytes = read_outside(path, MAX_PATH).ok()??;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Some(PathLine(bytes))
}

/// A path as a file of git's holds it.
struct PathLine(Vec<u8>);

impl PathLine {
    fn strip_prefix(&self, prefix: &str) -> Option<PathBuf> {
        let path = self.0.strip_prefix(prefix.as_bytes())?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(path.to_vec())))
    }
}

impl AsRef<Path> for PathLine {
    fn as_ref(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::place;
    use crate::skipped::command;

    fn git(folder: &Path, words: &[&str]) {
        let done = command("git").current_dir(folder).args(words).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    #[test]
    fn worktrees_of_one_repository_share_a_place_and_a_forged_link_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (main, other) = (root.join("main"), root.join("other"));
        fs::create_dir(&main).unwrap();
        git(&main, &["init", "-q"]);
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        git(&main, &[&who[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
        git(&main, &["worktree", "add", "-q", "../other"]);
        let of = |folder: &Path| place(&folder.join("web/.authy.toml"));
        assert!(of(&main).is_some());
        assert_eq!(of(&main), of(&other));
        assert_ne!(of(&main), place(&main.join(".authy.toml")));
        assert_eq!(of(&root), None);
        // Somebody else's folder that says it were a worktree.
        let forged = root.join("forged");
        fs::create_dir(&forged).unwrap();
        fs::copy(other.join(".git"), forged.join(".git")).unwrap();
        assert_eq!(of(&forged), None);
        let own = forged.join("own");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("commondir"), main.join(".git").as_os_str().as_encoded_bytes()).unwrap();
        fs::write(own.join("gitdir"), forged.join(".git").as_os_str().as_encoded_bytes()).unwrap();
        fs::write(forged.join(".git"), "gitdir: own\n").unwrap();
        assert_eq!(of(&forged), None);
    }
}
