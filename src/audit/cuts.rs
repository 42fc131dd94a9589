//! Where the files of a published chain end, as the clone that writes it remembers: so that the same
//! lines are in the same file in every branch.

use std::path::PathBuf;

use super::error::AuditError;
use super::segments::ChainFiles;
use crate::fs;

const LIMIT: usize = 64 << 20;

/// A file of published lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The number of its first line.
    pub(crate) first: u64,
    /// The number of its last line.
    pub(crate) last: u64,
}

impl ChainFiles {
    fn cuts_file(&self) -> PathBuf {
        self.folder().with_file_name(format!("{}.cuts", self.chain()))
    }

    /// The files that were published, from line 1 on. What does not go on from the file before is
    /// none, such as what a crash left of a note.
    ///
    /// # Errors
    /// [`AuditError::Fs`].
    pub(crate) fn cuts(&self) -> Result<Vec<Cut>, AuditError> {
        let bytes = fs::read_outside(&self.cuts_file(), LIMIT)?.unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let mut cuts: Vec<Cut> = Vec::new();
        for line in text.lines() {
            let Some((first, last)) = line.split_once(' ') else { continue };
            let (Ok(first), Ok(last)) = (first.parse(), last.parse()) else { continue };
            if first == cuts.last().map_or(1, |cut| cut.last + 1) && last >= first {
                cuts.push(Cut { first, last });
            }
        }
        Ok(cuts)
    }

    /// Notes further files. They are not flushed: those in the work tree tell the same.
    ///
    /// # Errors
    /// [`AuditError::Fs`].
    pub(crate) fn add_cuts(&self, cuts: &[Cut]) -> Result<(), AuditError> {
        let lines: String =
            cuts.iter().map(|cut| format!("{} {}\n", cut.first, cut.last)).collect();
        if lines.is_empty() {
            return Ok(());
        }
        Ok(fs::append_lines(&self.cuts_file(), lines.as_bytes())?)
    }

    /// Notes the segments as the files that were published.
    ///
    /// # Errors
    /// As [`ChainFiles::verify`]; [`AuditError::Fs`].
    pub(crate) fn cut_as_segments(&self) -> Result<(), AuditError> {
        let (firsts, head) = (self.firsts()?, self.head()?);
        let Some(head) = head else { return Ok(()) };
        let ends = firsts.iter().skip(1).map(|next| next - 1).chain([head.seq]);
        let cuts = firsts.iter().zip(ends).map(|(first, last)| Cut { first: *first, last });
        fs::remove_file(&self.cuts_file())?;
        self.add_cuts(&cuts.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;
    use crate::audit::tests::Sample;

    #[test]
    fn files_are_remembered_and_what_is_none_is_left_out() {
        let sample = Sample::of(3);
        let cut = |first, last| Cut { first, last };
        assert_eq!(sample.files.cuts().unwrap(), []);
        sample.files.add_cuts(&[cut(1, 2), cut(3, 3)]).unwrap();
        let mut text = std::fs::read_to_string(sample.files.cuts_file()).unwrap();
        text.push_str("9 9\nx 4\n4 3\n4 ");
        std::fs::write(sample.files.cuts_file(), text).unwrap();
        sample.files.add_cuts(&[cut(4, 7)]).unwrap();
        assert_eq!(sample.files.cuts().unwrap(), [cut(1, 2), cut(3, 3), cut(4, 7)]);
        sample.files.cut_as_segments().unwrap();
        assert_eq!(sample.files.cuts().unwrap(), [cut(1, 3)]);
    }
}
