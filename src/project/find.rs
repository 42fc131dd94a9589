//! Where the project file of a folder is: in it, or in the nearest folder above that has one.

use std::path::{Path, PathBuf};

/// The name of a project file.
pub(crate) const FILE_NAME: &str = ".authy.toml";
/// Folders looked at; a path has fewer, or somebody is playing.
const MAX_DEPTH: usize = 256;

/// Finds the nearest project file at or above the folder `start`.
///
/// Whatever has the name is found: one that is no regular file is an error on reading,
/// rather than a reason to obey another one further up.
pub(crate) fn find(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .take(MAX_DEPTH)
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.symlink_metadata().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{FILE_NAME, find};
    use std::fs;

    #[test]
    fn the_nearest_file_wins() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        fs::create_dir_all(&deep).unwrap();
        let outer = dir.path().join(FILE_NAME);
        fs::write(&outer, "").unwrap();
        assert_eq!(find(&deep), Some(outer));
        let inner = dir.path().join("a/b").join(FILE_NAME);
        fs::write(&inner, "").unwrap();
        assert_eq!(find(&deep), Some(inner.clone()));
        assert_eq!(find(inner.parent().unwrap()), Some(inner));
    }

    #[test]
    fn a_dangling_link_hides_the_files_above() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), "").unwrap();
        let folder = dir.path().join("a");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join(FILE_NAME)).unwrap();
        assert_eq!(find(&folder), Some(folder.join(FILE_NAME)));
    }
}
