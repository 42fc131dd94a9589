//! Moving a chain to another place: from the state folder of a machine into the vault.

use std::fs;
use std::io;

use super::error::AuditError;
use super::file::{self, Access};
use super::segments::{ChainFiles, Segment};

impl ChainFiles {
    /// Hands the whole lines of the chain to `keep`, and takes its files away once that has
    /// succeeded. Nobody appends meanwhile; whoever waited to finds no chain, and says so.
    ///
    /// # Errors
    /// What `keep` fails with; as [`ChainFiles::verify`]; [`AuditError::Io`] where the files
    /// cannot be removed.
    pub(crate) fn hand_over<E: From<AuditError>>(
        &self,
        keep: impl FnOnce(Vec<Segment>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(found) = self.find(Access::Append)? else { return Ok(()) };
        let mut segments = found.all()?;
        segments.iter_mut().for_each(whole);
        segments.retain(|segment| !segment.bytes.is_empty());
        keep(segments)?;
        let failed = |source| AuditError::io("remove", self.folder(), source);
        // Under a name that is no chain's, so that half of one is never found.
        let name = self.folder().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let away = self.folder().with_file_name(format!("{name}.gone"));
        fs::rename(self.folder(), &away).map_err(failed)?;
        file::sync_folder(self.folder()).map_err(failed)?;
        fs::remove_dir_all(&away).map_err(failed)?;
        match fs::remove_file(self.key()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error).into()),
            _ => Ok(()),
        }
    }
}

/// Cuts off what follows the last newline: a line that was promised to nobody.
fn whole(segment: &mut Segment) {
    let end = segment.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    segment.bytes.truncate(end);
}
