//! What git keeps.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use super::Comparison;
use super::found::{Findings, Where};
use super::newlines;
use crate::fs::in_pieces;
use crate::git;
use crate::service::base::Result;

/// Looks at everything that the repository keeps; returns how many objects that were.
pub(super) fn history(
    folder: &Path,
    comparison: &Comparison,
    findings: &mut Findings,
) -> Result<usize> {
    let (mut count, mut buffer) = (0, Vec::new());
    git::each_object(folder, &mut |id, bytes| {
        count += 1;
        look(comparison, &mut *bytes, &mut buffer, findings, &Where::Object { id })
    })?;
    let ids: BTreeSet<String> = findings.objects().map(str::to_owned).collect();
    if !ids.is_empty() {
        findings.place_objects(&git::origins(folder, &ids)?);
    }
    Ok(count)
}

/// Looks at what is staged; returns how many files that were.
pub(super) fn staged(
    folder: &Path,
    index: Option<&Path>,
    comparison: &Comparison,
    findings: &mut Findings,
) -> Result<usize> {
    let files = git::staged_files(folder, index)?;
    let ids: Vec<&str> = files.iter().map(|(_, id)| id.as_str()).collect();
    let mut buffer = Vec::new();
    // In the order of what was asked for.
    let mut paths = files.iter().map(|(path, _)| path.as_str());
    git::named_objects(folder, &ids, &mut |_, bytes| {
        let path = paths.next().unwrap_or_default();
        look(comparison, &mut *bytes, &mut buffer, findings, &Where::Staged { path })
    })?;
    Ok(files.len())
}

fn look(
    comparison: &Comparison,
    mut bytes: &mut dyn Read,
    buffer: &mut Vec<u8>,
    findings: &mut Findings,
    at: &Where<'_>,
) -> io::Result<()> {
    let mut lines = 0;
    in_pieces(&mut bytes, comparison.overlap(), buffer, |piece, offset, seen| {
        if offset > 0 {
            lines -= newlines(&piece[..seen]);
        }
        comparison.look(piece, seen, lines, findings, at);
        lines += newlines(piece);
    })
}
