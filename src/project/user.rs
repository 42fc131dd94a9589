//! The user's own configuration: vaults that have a name on this machine.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::{Fault, ProjectError};
use super::file::{content, placed};

/// `config.toml` in the user's folder of configurations.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserConfig {
    /// Names, and the folders of vaults.
    #[serde(default)]
    vaults: BTreeMap<String, String>,
}

/// The folder of the vault that the user's configuration `file` calls `name`; `None` where it calls none
/// so, or is not there. A relative folder starts at the file's own.
///
/// # Errors
/// [`ProjectError`] for a file that cannot be understood.
pub(crate) fn named_vault(
    file: &Path,
    home: Option<&Path>,
    name: &str,
) -> Result<Option<PathBuf>, ProjectError> {
    let bytes = match content(file) {
        Err(ProjectError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        bytes => bytes?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let wrong = |line, fault| ProjectError::Content { path: file.to_owned(), line, fault };
    let config: UserConfig = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        wrong(line, Fault::Syntax(error.message().to_owned()))
    })?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let Some(path) = config.vaults.get(name) else { return Ok(None) };
    placed(folder, path, home).map(Some).ok_or_else(|| wrong(1, Fault::NoHome { key: "vaults" }))
}

#[cfg(test)]
mod tests {
    use super::named_vault;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_name_leads_to_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let named = |name| named_vault(&file, Some(Path::new("/h")), name);
        assert_eq!(named("work").unwrap(), None);
        let text = "[vaults]\nwork = \"~/work-vault\"\nteam = \"/srv/team\"\nnear = \"near\"\n";
        std::fs::write(&file, text).unwrap();
        assert_eq!(named("work").unwrap(), Some(PathBuf::from("/h/work-vault")));
        assert_eq!(named("team").unwrap(), Some(PathBuf::from("/srv/team")));
        assert_eq!(named("near").unwrap(), Some(dir.path().join("near")));
        assert_eq!(named("other").unwrap(), None);
        for wrong in ["vaults = 1", "[vault]\na = \"b\"", "[vaults]\na = 1", "["] {
            std::fs::write(&file, wrong).unwrap();
            assert!(named("work").is_err(), "{wrong}");
        }
    }
}
