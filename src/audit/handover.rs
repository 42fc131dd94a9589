//! Moving a chain to another place: from the state folder of a machine into the vault.

use std::fs;
use std::io;

use super::error::AuditError;
use super::file::{self, Access};
use super::segments::{ChainFiles, Segment};

impl ChainFiles {
    /// Reads every segment that has a whole line, without what a crash left behind the last one.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`].
    pub(crate) fn whole_segments(&self) -> Result<Vec<Segment>, AuditError> {
        let Some(found) = self.find(Access::Read)? else { return Ok(Vec::new()) };
        let mut segments = found.all()?;
        segments.iter_mut().for_each(whole);
        segments.retain(|segment| !segment.bytes.is_empty());
        Ok(segments)
    }

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

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use crate::audit::tests::{Sample, at, event};
    use crate::audit::{AuditError, Segment};

    /// A chain of three lines with its key, and with what a crash left of a fourth.
    fn torn() -> (Sample, Vec<u8>) {
        let sample = Sample::of(3);
        let whole = sample.bytes();
        fs::write(sample.files.key(), "key").unwrap();
        let mut file = OpenOptions::new().append(true).open(&sample.path).unwrap();
        file.write_all(b"{\"seq\":4").unwrap();
        (sample, whole)
    }

    #[test]
    fn whole_lines_are_handed_over_and_the_files_are_gone() {
        let (sample, whole) = torn();
        let mut kept = Vec::new();
        let keep = |segments: Vec<Segment>| {
            kept = segments.into_iter().map(|segment| segment.bytes).collect();
            Ok::<_, AuditError>(())
        };
        sample.files.hand_over(keep).unwrap();
        assert_eq!(kept, [whole]);
        let folder = sample.files.folder();
        let left = fs::read_dir(folder.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 0, "of the chain, its key, and what it was called on its way");
        assert!(sample.chain.note(&event(), at(9)).is_err());
    }

    #[test]
    fn a_chain_that_is_not_kept_stays() {
        let (sample, _) = torn();
        let before = sample.bytes();
        let refused = AuditError::io("keep", sample.files.folder(), std::io::Error::other("full"));
        assert!(sample.files.hand_over(|_| Err::<(), _>(refused)).is_err());
        assert_eq!(sample.bytes(), before);
        assert!(sample.files.key().exists());
    }

    #[test]
    fn a_key_that_is_gone_is_no_failure() {
        let sample = Sample::of(2);
        sample.files.hand_over(|_| Ok::<_, AuditError>(())).unwrap();
        assert!(!sample.files.folder().exists());
    }
}
