//! Which vault was last used in which folder of this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fs::FsError;

const LIMIT: usize = 64 << 20;

/// Returns the id of the vault that was last used in `folder`.
///
/// # Errors
/// [`FsError`] where the list exists and cannot be read.
pub(crate) fn known_vault(base: &Path, folder: &Path) -> Result<Option<String>, FsError> {
    Ok(folders(base)?.remove(&folder.to_string_lossy().into_owned()))
}

/// Remembers that `vault` lives in `folder`.
///
/// # Errors
/// [`FsError`] where the state folder cannot be written.
pub(crate) fn remember_vault(base: &Path, folder: &Path, vault: &str) -> Result<(), FsError> {
    let key = folder.to_string_lossy().into_owned();
    if folders(base)?.get(&key).is_some_and(|id| id == vault) {
        return Ok(());
    }
    crate::fs::make_folders(base)?;
    let _lock = crate::fs::lock_file(&base.join("lock"))?;
    let mut all = folders(base)?;
    all.insert(key, vault.to_owned());
    let lines = all.iter().map(|(folder, id)| format!("{id} {}\n", escape(folder)));
    crate::fs::replace(&base.join("folders"), lines.collect::<String>().as_bytes())
}

/// The folders in which a vault was used.
///
/// # Errors
/// As [`known_vault`].
pub(super) fn folders_of(base: &Path, vault: &str) -> Result<Vec<PathBuf>, FsError> {
    let all = folders(base)?.into_iter().filter(|(_, id)| id == vault);
    Ok(all.map(|(folder, _)| PathBuf::from(folder)).collect())
}

/// Which folder holds which vault; one `<id> <folder>` a line.
fn folders(base: &Path) -> Result<BTreeMap<String, String>, FsError> {
    let bytes = crate::fs::read_outside(&base.join("folders"), LIMIT)?.unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let parse = |line: &str| {
        let (id, folder) = line.split_once(' ')?;
        Some((unescape(folder), id.to_owned()))
    };
    Ok(text.lines().filter_map(parse).collect())
}

fn escape(folder: &str) -> String {
    folder.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(if chars.next() == Some('n') { '\n' } else { '\\' }),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{known_vault, remember_vault};

    #[test]
    fn folders_with_odd_names_are_remembered() {
        let base = tempfile::tempdir().unwrap();
        for folder in ["/a b", "/a\nb", "/a\\nb"] {
            let folder = std::path::Path::new(folder);
            remember_vault(base.path(), folder, "id1").unwrap();
            assert_eq!(known_vault(base.path(), folder).unwrap().as_deref(), Some("id1"));
        }
        assert_eq!(known_vault(base.path(), std::path::Path::new("/c")).unwrap(), None);
    }
}
