//! Content codings: what is compressed is looked into, and compressed again.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

/// So many compressed bytes become at most a thousand times as many at once.
const PIECE: usize = 4 << 10;

/// How a body is compressed.
pub(super) enum Coding {
    Identity,
    Gzip(Box<Gzip>),
    Zlib(Box<Zlib>),
}

/// From compressed, and back.
pub(super) struct Gzip(MultiGzDecoder<Vec<u8>>, GzEncoder<Vec<u8>>);

/// The same.
pub(super) struct Zlib(ZlibDecoder<Vec<u8>>, ZlibEncoder<Vec<u8>>);

impl Coding {
    /// What the headers say; `None` where it cannot be read here.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut named = headers.get_all(CONTENT_ENCODING).iter();
        let (first, more) = (named.next(), named.next());
        let first = first.map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        match (first.as_deref(), more) {
            (None | Some("" | "identity"), None) => Some(Self::Identity),
            (Some("gzip" | "x-gzip"), None) => Some(Self::Gzip(Box::new(Gzip(
                MultiGzDecoder::new(Vec::new()),
                GzEncoder::new(Vec::new(), Compression::fast()),
            )))),
            (Some("deflate"), None) => Some(Self::Zlib(Box::new(Zlib(
                ZlibDecoder::new(Vec::new()),
                ZlibEncoder::new(Vec::new(), Compression::fast()),
            )))),
            _ => None,
        }
    }

    /// How much is decoded at once.
    pub(super) fn piece(&self) -> usize {
        if matches!(self, Self::Identity) { usize::MAX } else { PIECE }
    }

    /// Decodes a piece.
    ///
    /// # Errors
    /// It is not compressed so.
    pub(super) fn decode(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(piece.to_vec()),
            Self::Gzip(both) => {
                both.0.write_all(piece)?;
                Ok(std::mem::take(both.0.get_mut()))
            }
            Self::Zlib(both) => {
                both.0.write_all(piece)?;
                Ok(std::mem::take(both.0.get_mut()))
            }
        }
    }

    /// What is left to be decoded at the end.
    ///
    /// # Errors
    /// The end is missing.
    pub(super) fn decoded(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(Vec::new()),
            Self::Gzip(both) => {
                both.0.try_finish()?;
                Ok(std::mem::take(both.0.get_mut()))
            }
            Self::Zlib(both) => {
                both.0.try_finish()?;
                Ok(std::mem::take(both.0.get_mut()))
            }
        }
    }

    /// Encodes a piece, so that it can be read at once.
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn encode(&mut self, piece: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(piece),
            Self::Gzip(both) => {
                both.1.write_all(&piece)?;
                both.1.flush()?;
                Ok(std::mem::take(both.1.get_mut()))
            }
            Self::Zlib(both) => {
                both.1.write_all(&piece)?;
                both.1.flush()?;
                Ok(std::mem::take(both.1.get_mut()))
            }
        }
    }

    /// What comes after the last piece.
    ///
    /// # Errors
    /// None that is known.
    pub(super) fn encoded(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(Vec::new()),
            Self::Gzip(both) => {
                both.1.try_finish()?;
                Ok(std::mem::take(both.1.get_mut()))
            }
            Self::Zlib(both) => {
                both.1.try_finish()?;
                Ok(std::mem::take(both.1.get_mut()))
            }
        }
    }
}
