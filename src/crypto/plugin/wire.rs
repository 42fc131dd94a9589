//! The stanzas in which age and a plugin talk: those of an age file's header, one after the other.

use std::io::{self, Read, Write};

use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

/// Columns of a full line of a body.
const COLUMNS: usize = 64;
/// Longest line that is read.
const MAX_LINE: usize = 8 * 1024;
/// Longest body that is read: a header has no more.
const MAX_BODY: usize = 64 * 1024;

/// What a plugin said.
#[derive(Debug)]
pub(super) struct Said {
    /// The words of its first line: a command and what belongs to it.
    pub(super) words: Vec<String>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Stanzas over a stream; wiped, as file keys pass through it.
pub(crate) struct Wire<S> {
    stream: S,
    buffer: Zeroizing<Vec<u8>>,
    /// What of the buffer was not read yet.
    unread: std::ops::Range<usize>,
}

impl<S: Read + Write> Wire<S> {
    /// Talks over `stream`.
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Zeroizing::new(vec![0; MAX_LINE]), unread: 0..0 }
    }

    /// Says one thing.
    pub(super) fn say(&mut self, words: &[&str], body: &[u8]) -> io::Result<()> {
        let base64 = BASE64_NOPAD.encode_len(body.len());
        let head: usize = words.iter().map(|word| word.len() + 1).sum();
        // Sized for all of it: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(head + base64 + base64 / COLUMNS + 8));
        text.push_str("->");
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
        text.push('\n');
        for line in body.chunks(COLUMNS / 4 * 3) {
            BASE64_NOPAD.encode_append(line, &mut text);
            text.push('\n');
        }
        // A body ends with a line that is not full.
        if body.len().is_multiple_of(COLUMNS / 4 * 3) {
            text.push('\n');
        }
        self.stream.write_all(text.as_bytes())?;
        self.stream.flush()
    }

    /// Hears one thing.
    ///
    /// # Errors
    /// `InvalidData` for what is no stanza, or too long; `UnexpectedEof`; what the stream says.
    pub(super) fn hear(&mut self) -> io::Result<Said> {
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        self.line(&mut line)?;
        let words = line.strip_prefix(b"-> ").and_then(|words| std::str::from_utf8(words).ok());
        let words: Vec<String> = words.ok_or_else(garbled)?.split(' ').map(str::to_owned).collect();
        let is_word =
            |word: &String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic());
        if !words.iter().all(is_word) {
            return Err(garbled());
        }
        let mut body = Zeroizing::new(Vec::with_capacity(COLUMNS));
        loop {
            self.line(&mut line)?;
            if line.len() > COLUMNS {
                return Err(garbled());
            }
            let part = Zeroizing::new(BASE64_NOPAD.decode(&line).map_err(|_| garbled())?);
            if body.len() + part.len() > MAX_BODY {
                return Err(garbled());
            }
            body.extend_from_slice(&part);
            if line.len() < COLUMNS {
                return Ok(Said { words, body });
            }
        }
    }

    /// Reads up to a newline, which is left out.
    fn line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        line.clear();
        loop {
            let rest = &self.buffer[self.unread.clone()];
            let end = rest.iter().position(|&b| b == b'\n');
            let part = &rest[..end.unwrap_or(rest.len())];
            if line.len() + part.len() > MAX_LINE {
                return Err(garbled());
            }
            line.extend_from_slice(part);
            if let Some(end) = end {
                self.unread.start += end + 1;
                return Ok(());
            }
            self.unread = match self.stream.read(&mut self.buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => 0..count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0..0,
                Err(error) => return Err(error),
            };
        }
    }
}

fn garbled() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};

    use proptest::prelude::*;

    use super::{MAX_BODY, Wire};

    /// What was written, and what is read, a few bytes at a time.
    #[derive(Default)]
    struct Both(Vec<u8>, io::Cursor<Vec<u8>>);

    impl Read for Both {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = into.len().min(7);
            self.1.read(&mut into[..most])
        }
    }

    impl Write for Both {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(words: &[&str], body: &[u8]) -> Vec<u8> {
        let mut wire = Wire::new(Both::default());
        wire.say(words, body).unwrap();
        wire.stream.0
    }

    fn hear(bytes: &[u8]) -> io::Result<super::Said> {
        Wire::new(Both(Vec::new(), io::Cursor::new(bytes.to_vec()))).hear()
    }

    #[test]
    fn a_stanza_looks_as_in_a_header() {
        assert_eq!(said(&["done"], b""), b"-> done\n\n");
        assert_eq!(said(&["ok", "yes"], b"ab"), b"-> ok yes\nYWI\n");
        let full = said(&["x"], &[0; 48]);
        assert_eq!(full, format!("-> x\n{}\n\n", "A".repeat(64)).as_bytes());
    }

    #[test]
    fn what_is_no_stanza_is_not_understood() {
        for bad in [
            &b"done\n\n"[..],
            b"-> \n\n",
            b"-> a  b\n\n",
            b"-> a\n====\n",
            b"-> a\nA\n",
            b"-> a\nAB\n",
            b"-> \x1b[31m\n\n",
            b"-> \xff\n\n",
            format!("-> a\n{}\n", "A".repeat(65)).as_bytes(),
            format!("-> {}\n\n", "a".repeat(9_000)).as_bytes(),
            format!("-> a\n{}\n", format!("{}\n", "A".repeat(64)).repeat(MAX_BODY / 48 + 1))
                .as_bytes(),
        ] {
            assert_eq!(hear(bad).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        for cut in [&b""[..], b"-> a", b"-> a\n", b"-> a\nAAAA"] {
            assert_eq!(hear(cut).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_heard(
            words in prop::collection::vec("[!-~]{1,40}", 1..5),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let heard = hear(&said(&words, &body)).unwrap();
            prop_assert_eq!(heard.words, words);
            prop_assert_eq!(&*heard.body, &body);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = hear(&bytes);
            let _ = hear(&[b"-> a\n", &bytes[..]].concat());
        }
    }
}
