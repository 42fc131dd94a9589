//! Compressed files, unpacked as far as that is in proportion: gzip, as old logs are, and zstd, as Codex
//! keeps old transcripts.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

/// How other compressed files begin: xz, bzip2, zip.
const OTHERS: [&[u8]; 3] = [b"\xfd7zXZ\0", b"BZh", b"PK\x03\x04"];
/// The most of one file, in bytes; more of it is not looked at.
const LONGEST: u64 = 1 << 30;
/// The most that zstd may have to remember, in bytes: what its level 19 wants is a quarter of it.
const WINDOW: u64 = 32 << 20;
/// Enough of a beginning to tell.
pub(super) const START: usize = 6;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    Gzip,
    Zstd,
    /// In a way that is not undone.
    Other,
}

impl Packed {
    /// By how it begins.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            // Deflate is the only method there is (RFC 1952).
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => OTHERS.iter().any(|other| start.starts_with(other)).then_some(Self::Other),
        }
    }

    /// Hands over what is in it, in parts that follow each other.
    ///
    /// # Errors
    /// It is damaged, is larger than is looked at, or packed in a way that is not undone.
    pub(super) fn unpack(
        self,
        packed: impl Read,
        mut visit: impl FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut packed = BufReader::new(packed);
        let mut left = LONGEST;
        let mut part = |reader: &mut dyn Read| {
            let mut readable = Readable { reader, left, failed: None };
            visit(&mut readable)?;
            left = readable.left;
            readable.failed.map_or(Ok(()), Err)
        };
        match self {
            Self::Gzip => part(&mut MultiGzDecoder::new(packed)),
            Self::Zstd => {
                while !packed.fill_buf()?.is_empty() {
                    match StreamingDecoder::new_with_max_window_size(&mut packed, WINDOW) {
                        Ok(mut frame) => part(&mut frame)?,
                        Err(FrameDecoderError::ReadFrameHeaderError(
                            ReadFrameHeaderError::SkipFrame { length, .. },
                        )) => {
                            let mut rest = packed.by_ref().take(length.into());
                            io::copy(&mut rest, &mut io::sink())?;
                        }
                        Err(error) => return Err(io::Error::other(error)),
                    }
                }
                Ok(())
            }
            Self::Other => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Ends where it is damaged or too much, so that what came before is looked at, and remembers why.
struct Readable<'r> {
    reader: &'r mut dyn Read,
    left: u64,
    failed: Option<io::Error>,
}

impl Read for Readable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed.is_some() {
            return Ok(0);
        }
        let read = match self.reader.read(buffer) {
            Ok(read) if read as u64 <= self.left => read,
            Ok(_) => return self.end(io::ErrorKind::FileTooLarge.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return self.end(error),
        };
        self.left -= read as u64;
        Ok(read)
    }
}

impl Readable<'_> {
    fn end(&mut self, error: io::Error) -> io::Result<usize> {
        self.failed = Some(error);
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{LONGEST, Packed};

    fn unpacked(packed: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut all = Vec::new();
        let kind = Packed::of(packed).unwrap();
        kind.unpack(packed, |part| part.read_to_end(&mut all).map(drop))?;
        Ok(all)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    #[test]
    fn what_was_packed_comes_out() {
        let text = b"a line\n".repeat(10_000);
        for pack in [gzip, zstd] {
            let one = pack(&text);
            assert_eq!(unpacked(&one).unwrap(), text);
            // Several behind each other, as a log that is added to.
            let two = [one.clone(), pack(b"more")].concat();
            assert_eq!(unpacked(&two).unwrap(), [&text[..], b"more"].concat());
            assert!(unpacked(&one[..one.len() / 2]).is_err());
            // What comes before damage is looked at.
            let mut seen = Vec::new();
            let damaged = [&two[..], b"\0\0\0\0\0\0\0\0"].concat();
            let kind = Packed::of(&damaged).unwrap();
            let ended = kind.unpack(&damaged[..], |part| part.read_to_end(&mut seen).map(drop));
            assert!(ended.is_err() && seen == [&text[..], b"more"].concat());
        }
        // Frames that are to be skipped (RFC 8878, section 3.1.2).
        let skipped = [&zstd(b"one")[..], b"\x50\x2a\x4d\x18\x02\0\0\0xx", &zstd(b"two")].concat();
        assert_eq!(unpacked(&skipped).unwrap(), b"onetwo");
        assert_eq!(Packed::of(b"BZh9"), Some(Packed::Other));
        assert!(unpacked(b"PK\x03\x04rest").is_err());
        assert_eq!(Packed::of(b"\x1f\x8b"), None);
    }

    #[test]
    fn what_grows_without_end_is_not_looked_at_to_the_end() {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..=1024 {
            packer.write_all(&zeros).unwrap();
        }
        let packed = packer.finish().unwrap();
        let mut seen = 0;
        let ended = Packed::Gzip.unpack(&packed[..], |part| {
            seen += std::io::copy(part, &mut std::io::sink())?;
            Ok(())
        });
        assert!(ended.is_err() && seen > LONGEST / 2 && seen <= LONGEST, "{seen}");
    }
}
