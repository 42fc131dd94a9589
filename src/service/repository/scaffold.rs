//! What git must be told in a vault's repository: which files never travel, and which are no
//! texts.

use crate::fs::{self, Root, VaultPath};
use crate::service::base::Result;

/// `.gitignore` of a new vault.
pub(crate) const GITIGNORE: &str = "\
# Identities, this clone's own files and its session grants never leave this machine.
/keys/
/.local/
/sessions/*
!/sessions/shared/
";
/// `.gitattributes` of a new vault. What git would merge line by line is signed or chained as a
/// whole: `-merge` leaves our file in place and calls it a conflict.
pub(crate) const GITATTRIBUTES: &str = "\
*.age -text -diff -merge
*.toml text eol=lf
*.jsonl text eol=lf
*.toml -merge
*.jsonl -merge
";
const LIMIT: usize = 1 << 20;

/// A file that lacks lines of ours.
#[derive(Debug)]
pub(crate) struct Lacking {
    /// The file.
    pub(crate) path: VaultPath,
    /// The lines it lacks.
    pub(crate) lines: Vec<&'static str>,
    /// What it is with them: the user's own lines stay.
    pub(crate) whole: Vec<u8>,
}

/// Looks for lines of ours that are gone from `.gitignore` and `.gitattributes`.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn lacking(root: &Root) -> Result<Vec<Lacking>> {
    let mut all = Vec::new();
    for (path, text) in
        [(VaultPath::gitignore(), GITIGNORE), (VaultPath::gitattributes(), GITATTRIBUTES)]
    {
        let mut whole = fs::read(root, &path, LIMIT)?.unwrap_or_default();
        let has = |line: &str| {
            whole.split(|byte| *byte == b'\n').any(|known| known.trim_ascii() == line.as_bytes())
        };
        let wanted = text.lines().filter(|line| !line.starts_with('#'));
        let lines: Vec<&'static str> = wanted.filter(|line| !has(line)).collect();
        if lines.is_empty() {
            continue;
        }
        if !whole.is_empty() && !whole.ends_with(b"\n") {
            whole.push(b'\n');
        }
        // The last line that speaks of a path decides, so ours come last, in their order.
        let ours = text.lines().filter(|line| !line.starts_with('#'));
        ours.for_each(|line| whole.extend_from_slice(format!("{line}\n").as_bytes()));
        all.push(Lacking { path, lines, whole });
    }
    Ok(all)
}
