//! Going from file to file of a folder: the folders on the way stay open as long as the next file lies
//! in them too.

use std::io::ErrorKind;

use super::error::FsError;
use super::folder::Folder;

/// A way through the folders below a root. Files in the order of their paths open each folder once.
///
/// It holds the folders that it opened, whatever happens to their names meanwhile.
#[derive(Debug)]
pub(super) struct Walk<'r> {
    root: &'r Folder,
    below: Vec<(String, Folder)>,
}

/// What becomes of folders that are missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Leave,
    Make,
}

impl<'r> Walk<'r> {
    pub(super) fn new(root: &'r Folder) -> Self {
        Self { root, below: Vec::new() }
    }

    /// As [`Folder::at`].
    pub(super) fn at<T>(
        &mut self,
        path: &str,
        last: impl FnOnce(&Folder, &str) -> Result<T, FsError>,
    ) -> Result<Option<T>, FsError> {
        let (folders, name) = split(path);
        match self.go(folders, Missing::Leave)? {
            Some(folder) => last(folder, name).map(Some),
            None => Ok(None),
        }
    }

    /// As [`Folder::at_made`].
    pub(super) fn at_made<T>(
        &mut self,
        path: &str,
        last: impl FnOnce(&Folder, &str) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let (folders, name) = split(path);
        match self.go(folders, Missing::Make)? {
            Some(folder) => last(folder, name),
            None => Err(FsError::io("open", &self.root.path().join(folders), ErrorKind::NotFound)),
        }
    }

    /// Lets go of the folders, so that the next step looks at their names again.
    pub(super) fn forget(&mut self) {
        self.below.clear();
    }

    fn go(&mut self, folders: &str, missing: Missing) -> Result<Option<&Folder>, FsError> {
        let mut names = folders.split('/').filter(|name| !name.is_empty());
        let mut open = 0;
        let next = loop {
            match (names.next(), self.below.get(open)) {
                (Some(name), Some((there, _))) if name == there => open += 1,
                (next, _) => break next,
            }
        };
        self.below.truncate(open);
        for name in next.into_iter().chain(names) {
            let here = self.below.last().map_or(self.root, |(_, folder)| folder);
            let found = match missing {
                Missing::Leave => here.enter(name)?,
                // As git makes them: what is in them is public or encrypted.
                Missing::Make => Some(here.make(name, 0o777)?),
            };
            let Some(folder) = found else { return Ok(None) };
            self.below.push((name.to_owned(), folder));
        }
        Ok(Some(self.below.last().map_or(self.root, |(_, folder)| folder)))
    }
}

/// The folders of a path, and the name of its file.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::Walk;
    use crate::fs::error::{FsError, Origin};
    use crate::fs::folder::Folder;
    use proptest::prelude::*;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    fn root(folder: &tempfile::TempDir) -> Folder {
        Folder::open(folder.path(), Origin::Vault).unwrap().unwrap()
    }

    #[test]
    fn no_link_is_followed_and_nothing_is_made_where_it_is_only_looked_for() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(elsewhere.path(), folder.path().join("l")).unwrap();
        let root = root(&folder);
        let mut walk = Walk::new(&root);
        let place = |found: &Folder, _: &str| Ok(found.path().to_owned());
        assert_eq!(walk.at("a/b/x", place).unwrap(), None);
        assert!(!folder.path().join("a").exists());
        for error in [walk.at("l/x", place).unwrap_err(), walk.at_made("l/x", place).unwrap_err()] {
            assert!(matches!(error, FsError::NotFolder { .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn it_leads_where_each_path_leads_alone(
            paths in prop::collection::vec("[ab](/[ab]){0,3}", 1..12),
            sorted: bool,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let root = root(&folder);
            let mut walk = Walk::new(&root);
            let mut paths = paths;
            if sorted {
                paths.sort();
            }
            for path in paths {
                let (place, name) = walk
                    .at_made(&path, |found, name| Ok((found.path().to_owned(), name.to_owned())))
                    .unwrap();
                let expected: PathBuf = folder.path().join(&path);
                prop_assert_eq!(place.join(name), expected);
                prop_assert!(place.is_dir());
                let again = walk.at(&path, |found, _| Ok(found.path().to_owned())).unwrap();
                prop_assert_eq!(again, Some(place));
            }
        }
    }
}
