//! A project file to begin with: the commented example of the repository with the user's scope.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::ProjectError;
use super::find::FILE_NAME;
use crate::name::ScopeName;

const EXAMPLE: &str = include_str!("../../.authy.toml.example");
/// The line of the example that names its scope.
const SCOPE: &str = "scope = \"backend\"";

/// Writes a commented project file for `scope` into `folder`.
///
/// # Errors
/// [`ProjectError::Exists`] where something has the name already, or [`ProjectError::Write`].
pub(crate) fn create(folder: &Path, scope: &ScopeName) -> Result<PathBuf, ProjectError> {
    let unreadable = |source| ProjectError::Read { path: folder.to_owned(), source };
    let path = folder.canonicalize().map_err(unreadable)?.join(FILE_NAME);
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = file.and_then(|mut file| {
        file.write_all(text(scope).as_bytes())?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(ProjectError::Exists { path })
        }
        Err(source) => Err(ProjectError::Write { path, source }),
    }
}

fn text(scope: &ScopeName) -> String {
    EXAMPLE.replacen(SCOPE, &format!("scope = \"{scope}\""), 1)
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, ScopeName, create, text};
    use crate::project::ProjectFile;
    use std::fs;

    fn scope() -> ScopeName {
        ScopeName::parse("claude-code").unwrap()
    }

    #[test]
    fn a_new_file_is_understood_and_names_the_scope() {
        let dir = tempfile::tempdir().unwrap();
        let path = create(dir.path(), &scope()).unwrap();
        let file = ProjectFile::read(&path, None).unwrap();
        assert_eq!((file.scope, file.uppercase), (Some(scope()), Some(true)));
        assert!(create(dir.path(), &scope()).is_err());
    }

    #[test]
    fn every_line_that_the_example_leaves_to_uncomment_is_good() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".authy.toml");
        let uncommented = |line: &str| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => rest.to_owned(),
            _ => line.to_owned(),
        };
        let whole: Vec<_> = text(&scope()).lines().map(uncommented).collect();
        fs::write(&path, whole.join("\n")).unwrap();
        let file = ProjectFile::read(&path, Some(dir.path())).unwrap();
        assert_eq!(file.aliases.unwrap().len(), 2);
        assert!(file.vault.is_some() && file.keyfile.is_some() && file.prefix.is_some());
        assert_eq!((file.env.len(), file.files.len(), file.require.len()), (1, 1, 1));
        assert_ne!(text(&scope()), EXAMPLE);
    }
}
