//! Content codings: what is compressed is looked into, and compressed again.

use std::borrow::Cow;
use std::io;

use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

/// So many compressed bytes become at most a thousand times as many at once.
const PIECE: usize = 4 << 10;

/// How a body is compressed.
pub(super) enum Coding {
    Identity,
    /// From compressed, and back.
    Coded(Box<dyn Coder>, Box<dyn Coder>),
}

/// One direction of a coding.
pub(super) trait Coder: io::Write + Send {
    /// Ends it: nothing may be missing.
    fn end(&mut self) -> io::Result<()>;
    /// What came out since this was asked last.
    fn take(&mut self) -> Vec<u8>;
}

macro_rules! coders {
    ($($name:ident)*) => {
        $(impl Coder for $name<Vec<u8>> {
            fn end(&mut self) -> io::Result<()> {
                self.try_finish()
            }
            fn take(&mut self) -> Vec<u8> {
                std::mem::take(self.get_mut())
            }
        })*
    };
}

coders!(MultiGzDecoder GzEncoder ZlibDecoder ZlibEncoder);

impl Coding {
    /// What the headers say; `None` where it cannot be read here.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let (first, more) = (named.next(), named.next());
        let first = first.map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        let (out, fast) = (Vec::new, Compression::fast());
        Some(match (first.as_deref(), more) {
            (None | Some("" | "identity"), None) => Self::Identity,
            (Some("gzip" | "x-gzip"), None) => Self::Coded(
                Box::new(MultiGzDecoder::new(out())),
                Box::new(GzEncoder::new(out(), fast)),
            ),
            (Some("deflate"), None) => Self::Coded(
                Box::new(ZlibDecoder::new(out())),
                Box::new(ZlibEncoder::new(out(), fast)),
            ),
            _ => return None,
        })
    }

    /// How much is decoded at once.
    pub(super) fn piece(&self) -> usize {
        if matches!(self, Self::Identity) { usize::MAX } else { PIECE }
    }

    /// Decodes a piece.
    ///
    /// # Errors
    /// It is not compressed so.
    pub(super) fn decode<'p>(&mut self, piece: &'p [u8]) -> io::Result<Cow<'p, [u8]>> {
        let Self::Coded(decoder, _) = self else { return Ok(Cow::Borrowed(piece)) };
        decoder.write_all(piece)?;
        Ok(Cow::Owned(decoder.take()))
    }

    /// What is left to be decoded at the end.
    ///
    /// # Errors
    /// The end is missing.
    pub(super) fn decoded(&mut self) -> io::Result<Vec<u8>> {
        let Self::Coded(decoder, _) = self else { return Ok(Vec::new()) };
        decoder.end()?;
        Ok(decoder.take())
    }

    /// Encodes a piece, so that it can be read at once.
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn encode(&mut self, piece: Vec<u8>) -> io::Result<Vec<u8>> {
        let Self::Coded(_, encoder) = self else { return Ok(piece) };
        encoder.write_all(&piece)?;
        encoder.flush()?;
        Ok(encoder.take())
    }

    /// What comes after the last piece.
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn encoded(&mut self) -> io::Result<Vec<u8>> {
        let Self::Coded(_, encoder) = self else { return Ok(Vec::new()) };
        encoder.end()?;
        Ok(encoder.take())
    }
}
