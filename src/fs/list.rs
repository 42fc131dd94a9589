//! Listing: the files in one of the vault's folders, and whatever has no business there.
//!
//! Names are returned as they stand: whoever lists parses them, and reports what is no name.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::error::{FsError, Origin};
use super::folder::Folder;
use super::paths::{AUDIT, LOCAL_AUDIT, MEMBERS, POLICIES, Root, SECRETS, SESSIONS};

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Values and records, in folders of any depth.
    Secrets,
    /// `members/`.
    Members,
    /// `policies/`.
    Policies,
    /// `audit/`: chains and their keys.
    Audit,
    /// `.local/audit/`.
    LocalAudit,
    /// `sessions/`: the files of grants, those of `sessions/shared/` too.
    Sessions,
}

impl Listing {
    /// The folder's path below the root.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Secrets => SECRETS,
            Self::Members => MEMBERS,
            Self::Policies => POLICIES,
            Self::Audit => AUDIT,
            Self::LocalAudit => LOCAL_AUDIT,
            Self::Sessions => SESSIONS,
        }
    }

    const fn depth(self) -> usize {
        match self {
            Self::Secrets => usize::MAX,
            Self::Sessions => 3,
            _ => 1,
        }
    }
}

/// What lies in a folder: paths relative to it, with `/` and their endings, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Regular files.
    pub(crate) files: Vec<String>,
    /// Links, pipes, sockets, devices, names that are not UTF-8, and folders where none belong.
    pub(crate) strays: Vec<String>,
}

/// Makes sure that a folder of the vault is none that a link leads to; a missing one is fine.
///
/// # Errors
/// [`FsError::NotFolder`] or [`FsError::Io`].
pub(crate) fn refuse_linked(root: &Root, what: Listing) -> Result<(), FsError> {
    open(root, what.folder()).map(drop)
}

/// Lists a folder of the vault; a missing one is empty.
///
/// # Errors
/// [`FsError::NotFolder`] where the folder is a link, or [`FsError::Io`].
pub(crate) fn list(root: &Root, what: Listing) -> Result<Listed, FsError> {
    let mut listed = Listed::default();
    let Some(folder) = open(root, what.folder())? else { return Ok(listed) };
    let walk = WalkDir::new(folder.path())
        .min_depth(1)
        .max_depth(what.depth())
        .follow_links(false)
        .follow_root_links(false);
    for entry in walk {
        match entry {
            Ok(entry) => listed.add(folder.path(), &entry, what),
            Err(error) => {
                let path = error.path().unwrap_or_else(|| folder.path()).to_owned();
                let error = io::Error::from(error);
                // A writer may remove a folder that it emptied while we walk.
                if error.kind() != io::ErrorKind::NotFound {
                    return Err(FsError::io("list", &path, error));
                }
            }
        }
    }
    listed.files.sort_unstable();
    listed.strays.sort_unstable();
    Ok(listed)
}

impl Listed {
    fn add(&mut self, folder: &Path, entry: &DirEntry, what: Listing) {
        let kind = entry.file_type();
        if kind.is_dir() && what.depth() > 1 {
            return;
        }
        let name = match entry.depth() {
            // Most lie here: comparing paths part by part takes longer than reading the folder.
            1 => entry.file_name(),
            _ => entry.path().strip_prefix(folder).unwrap_or(entry.path()).as_os_str(),
        };
        match name.to_str() {
            Some(name) if kind.is_file() => self.files.push(name.to_owned()),
            _ => self.strays.push(lossy(name)),
        }
    }
}

/// Opens a folder of the vault, no link followed on the way.
fn open(root: &Root, folder: &str) -> Result<Option<Folder>, FsError> {
    let Some(top) = Folder::open(root.path(), Origin::Vault)? else { return Ok(None) };
    Ok(top.at(folder, Folder::enter)?.flatten())
}

fn lossy(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Listed, Listing, list};
    use crate::fs::{FsError, Root};
    use rustix::fs::{CWD, Mode};
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    fn vault() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        (folder, root)
    }

    #[test]
    fn secrets_are_listed_at_any_depth_in_order() {
        let (_folder, root) = vault();
        fs::create_dir_all(root.path().join("secrets/a/b")).unwrap();
        for file in ["a/b/c.age", "a/b/c.toml", "a.age", "a-b.age", ".hidden"] {
            fs::write(root.path().join("secrets").join(file), b"").unwrap();
        }
        let listed = list(&root, Listing::Secrets).unwrap();
        assert_eq!(listed.files, [".hidden", "a-b.age", "a.age", "a/b/c.age", "a/b/c.toml"]);
        assert!(listed.strays.is_empty());
    }

    #[test]
    fn missing_folders_are_empty() {
        let (_folder, root) = vault();
        for what in [Listing::Secrets, Listing::Members, Listing::LocalAudit] {
            assert_eq!(list(&root, what).unwrap(), Listed::default());
        }
    }

    #[test]
    fn whatever_is_no_file_is_a_stray() {
        let (_folder, root) = vault();
        let members = root.path().join("members");
        fs::create_dir_all(members.join("sub")).unwrap();
        fs::write(members.join("sub/x.toml"), b"").unwrap();
        fs::write(members.join("alice.toml"), b"").unwrap();
        symlink("/etc", members.join("link")).unwrap();
        rustix::fs::mkfifoat(CWD, members.join("pipe"), Mode::RUSR).unwrap();
        let listed = list(&root, Listing::Members).unwrap();
        assert_eq!(listed.files, ["alice.toml"]);
        assert_eq!(listed.strays, ["link", "pipe", "sub"]);
    }

    // File systems of macOS refuse such names.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_is_a_stray() {
        let (_folder, root) = vault();
        let secrets = root.path().join("secrets");
        fs::create_dir(&secrets).unwrap();
        fs::write(secrets.join(OsStr::from_bytes(b"\xff.age")), b"").unwrap();
        let listed = list(&root, Listing::Secrets).unwrap();
        assert_eq!((listed.files.len(), listed.strays.len()), (0, 1));
    }

    #[test]
    fn a_linked_folder_is_refused() {
        let (_folder, root) = vault();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(elsewhere.path().join("audit")).unwrap();
        symlink(elsewhere.path(), root.path().join("secrets")).unwrap();
        symlink(elsewhere.path(), root.path().join(".local")).unwrap();
        for what in [Listing::Secrets, Listing::LocalAudit] {
            assert!(matches!(list(&root, what), Err(FsError::NotFolder { .. })), "{what:?}");
        }
    }
}
