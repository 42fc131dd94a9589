//! What git keeps.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use super::found::{Findings, Where};
use super::packed::{Packed, START};
use super::{Comparison, SoFar, unpack};
use crate::fs::in_pieces;
use crate::git::{self, ObjectKind};
use crate::service::base::Result;

/// Looks at everything that the repository keeps; returns how many objects that were.
pub(super) fn history(
    folder: &Path,
    comparison: &Comparison,
    findings: &mut Findings,
) -> Result<usize> {
    let (mut count, mut buffer) = (0, Vec::new());
    git::each_object(folder, &mut |id, kind, bytes| {
        count += 1;
        let at = Where::Object { id };
        if kind == ObjectKind::Blob {
            return look(comparison, &mut *bytes, &mut buffer, findings, &at);
        }
        // Of commits and tags what people wrote: behind an empty line.
        let mut whole = Vec::new();
        bytes.read_to_end(&mut whole)?;
        let start = memchr::memmem::find(&whole, b"\n\n").map_or(whole.len(), |at| at + 2);
        comparison.look(&whole[start..], 0, &mut SoFar::default(), findings, &at);
        Ok(())
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
    git::named_objects(folder, &ids, &mut |_, _, bytes| {
        let path = paths.next().unwrap_or_default();
        let at = Where::Staged { path };
        let name = path.rsplit('/').next().unwrap_or_default();
        comparison.look_at_name(name.as_bytes(), findings, &at);
        look(comparison, &mut *bytes, &mut buffer, findings, &at)
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
    let mut start = Vec::new();
    Read::by_ref(&mut bytes).take(START as u64).read_to_end(&mut start)?;
    let mut whole = start.as_slice().chain(bytes);
    if let Some(kind) = Packed::of(&start).filter(|kind| *kind != Packed::Other) {
        let unpacked = unpack(comparison, kind, &mut whole, findings, at);
        findings.compressed += usize::from(unpacked.is_err());
        // The next object lies behind it.
        return io::copy(&mut whole, &mut io::sink()).map(drop);
    }
    findings.compressed += usize::from(Packed::of(&start).is_some());
    let mut so_far = SoFar::default();
    in_pieces(&mut whole, comparison.overlap(), buffer, |piece, _, again| {
        comparison.look(piece, again, &mut so_far, findings, at);
    })
}
