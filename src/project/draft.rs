//! A project file to begin with: the commented example of the repository with the user's scope. And what
//! is added to one: text of its own, so that comments and order stay.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, value};

use super::ProjectFile;
use super::error::ProjectError;
use super::file::content;
use super::find::FILE_NAME;
use crate::fs;
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
    write_new(&path, &text(scope))?;
    Ok(path)
}

fn write_new(path: &Path, text: &str) -> Result<(), ProjectError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => ProjectError::Exists { path: path.to_owned() },
        _ => ProjectError::Write { path: path.to_owned(), source },
    })
}

/// A project file as it is to be.
#[derive(Debug)]
pub struct ProjectDraft {
    path: PathBuf,
    /// What it says now; `None` where there is none.
    old: Option<String>,
    new: String,
}

impl ProjectDraft {
    /// Where it is, or will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file says all of it already.
    pub fn is_there(&self) -> bool {
        self.old.as_ref() == Some(&self.new)
    }

    /// Whether there is no such file yet.
    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// The file was changed meanwhile, or cannot be written.
    pub(crate) fn write(&self) -> Result<(), ProjectError> {
        let path = &self.path;
        let Some(old) = &self.old else { return write_new(path, &self.new) };
        if content(path)? != old.as_bytes() {
            return Err(ProjectError::Changed { path: path.clone() });
        }
        fs::rewrite(path, self.new.as_bytes()).map_err(|error| ProjectError::Write {
            path: path.clone(),
            source: io::Error::other(error),
        })
    }
}

/// Drafts a project file for `scope` that sets `variables`: `file`, which lies at `path`, with what it
/// lacks, or a new one there.
///
/// # Errors
/// The file is for another scope, says something else of a variable, or is not understood.
pub(crate) fn extended(
    path: &Path,
    home: Option<&Path>,
    file: Option<&ProjectFile>,
    scope: &ScopeName,
    variables: &BTreeMap<String, String>,
) -> Result<ProjectDraft, ProjectError> {
    let path = path.to_owned();
    let Some(file) = file else {
        let example = "# [env]\n";
        let lines = lines(variables);
        let table = if lines.is_empty() { example.to_owned() } else { format!("[env]\n{lines}") };
        let new = text(scope).replacen(example, &table, 1);
        return Ok(ProjectDraft { path, old: None, new });
    };
    let old = content(&path)?;
    let old = String::from_utf8(old).map_err(|_| ProjectError::NotAFile { path: path.clone() })?;
    if let Some(other) = file.scope.clone().filter(|other| other != scope) {
        return Err(ProjectError::OtherScope { path, other });
    }
    let mut wanted = variables.clone();
    wanted.retain(|variable, template| file.env.get(variable) != Some(template));
    if let Some(variable) = wanted.keys().find(|variable| file.env.contains_key(*variable)) {
        return Err(ProjectError::Taken { path, variable: variable.clone() });
    }
    let new = added(&old, file.scope.is_none().then_some(scope), &wanted);
    let new = new.ok_or_else(|| ProjectError::NotAFile { path: path.clone() })?;
    // What it says then is what was meant.
    let draft = ProjectFile::parse(&path, new.as_bytes(), home)?;
    let is_meant = draft.scope.as_ref() == Some(scope)
        && wanted.iter().all(|(variable, template)| draft.env.get(variable) == Some(template));
    match is_meant {
        true => Ok(ProjectDraft { path, old: Some(old), new }),
        false => Err(ProjectError::NotAFile { path }),
    }
}

/// The text with a scope and variables; `None` where it is none that is added to.
fn added(
    old: &str,
    scope: Option<&ScopeName>,
    variables: &BTreeMap<String, String>,
) -> Option<String> {
    let is_windows = old.contains("\r\n");
    let mut text = old.replace("\r\n", "\n");
    let mut document: DocumentMut = text.parse().ok()?;
    if let Some(scope) = scope {
        match document.get_mut("authy") {
            Some(table) => {
                table.as_table_like_mut()?.insert("scope", value(scope.as_str()));
                text = document.to_string();
            }
            // Tables follow, so it comes before them.
            None => text = format!("[authy]\nscope = \"{scope}\"\n\n{text}"),
        }
        document = text.parse().ok()?;
    }
    match document.get_mut("env") {
        _ if variables.is_empty() => {}
        Some(table) => {
            let table = table.as_table_like_mut()?;
            for (variable, template) in variables {
                table.insert(variable, value(template));
            }
            text = document.to_string();
        }
        None => {
            let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            text = format!("{text}{end}\n[env]\n{}", lines(variables));
        }
    }
    Some(if is_windows { text.replace('\n', "\r\n") } else { text })
}

fn lines(variables: &BTreeMap<String, String>) -> String {
    let line = |(variable, template)| format!("{variable} = {}\n", value::<&String>(template));
    variables.iter().map(line).collect()
}

fn text(scope: &ScopeName) -> String {
    EXAMPLE.replacen(SCOPE, &format!("scope = \"{scope}\""), 1)
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, EXAMPLE, ScopeName, added, create, extended, text};
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

    fn variables() -> BTreeMap<String, String> {
        BTreeMap::from([("TF_VAR_a".to_owned(), "{a}".to_owned())])
    }

    #[test]
    fn what_is_added_leaves_the_rest_as_it_is() {
        let scope = scope();
        for (old, new) in [
            ("", "[authy]\nscope = \"claude-code\"\n\n\n[env]\nTF_VAR_a = \"{a}\"\n"),
            (
                "[authy] # why\nuppercase = false\n# end",
                "[authy] # why\nuppercase = false\nscope = \"claude-code\"\n# end\n\n[env]\nTF_VAR_a = \"{a}\"\n",
            ),
            (
                "[env]\r\nB = \"1\" # b\r\n\r\n[require]\r\n",
                "[authy]\r\nscope = \"claude-code\"\r\n\r\n[env]\r\nB = \"1\" # b\r\nTF_VAR_a = \"{a}\"\r\n\r\n[require]\r\n",
            ),
        ] {
            assert_eq!(added(old, Some(&scope), &variables()).as_deref(), Some(new));
        }
    }

    #[test]
    fn a_draft_is_written_unless_the_file_was_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".authy.toml");
        let with = |variables: &BTreeMap<String, String>| {
            let file = path.exists().then(|| ProjectFile::read(&path, None).unwrap());
            extended(&path, None, file.as_ref(), &scope(), variables)
        };
        let draft = || with(&variables());
        let first = draft().unwrap();
        assert!(first.is_new());
        first.write().unwrap();
        let file = ProjectFile::read(&path, None).unwrap();
        assert_eq!((file.scope, file.env), (Some(scope()), variables()));
        assert!(draft().unwrap().is_there());
        let second = with(&BTreeMap::from([("B".to_owned(), "{b}".to_owned())]));
        fs::write(&path, "[authy]\n").unwrap();
        assert!(second.unwrap().write().is_err());
        fs::write(&path, "[env]\nTF_VAR_a = \"{b}\"\n").unwrap();
        assert!(draft().is_err(), "it says something else");
        fs::write(&path, "[authy]\nscope = \"x\"\n").unwrap();
        assert!(draft().is_err(), "it is for another scope");
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
