//! What is typed or pasted at a hidden prompt, byte by byte.
//!
//! Terminals send CR for a line end; a paste comes between `ESC [200~` and `ESC [201~` where the
//! terminal was asked for that (xterm's "bracketed paste mode"), otherwise as a burst of bytes.

use zeroize::Zeroizing;

use crate::front::ends_a_block;

const PASTE_BEGINS: &[u8] = b"200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// What a byte asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing but to go on.
    More,
    /// Ctrl-D: the input ends here.
    End,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-\.
    Quit,
    /// Ctrl-Z.
    Stop,
}

/// The bytes by which this terminal's user edits and interrupts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Controls {
    pub(super) erase: u8,
    pub(super) kill: u8,
    pub(super) interrupt: u8,
    pub(super) quit: u8,
    pub(super) stop: u8,
    pub(super) end: u8,
}

/// Where in an escape sequence the bytes are.
enum Escape {
    None,
    /// After ESC.
    Begun,
    /// After `ESC [` or `ESC O`, with what came since.
    Inside(Vec<u8>),
}

/// A text that is being typed.
pub(super) struct Typing {
    controls: Controls,
    text: Zeroizing<Vec<u8>>,
    escape: Escape,
    in_paste: bool,
    /// The last byte was a CR, so an LF now belongs to it.
    after_return: bool,
    /// The text ends with the line end of an Enter that nothing followed so far.
    entered: Option<Enter>,
    /// Nothing was typed since a paste ended.
    after_paste: bool,
    /// There was a paste in brackets.
    has_paste: bool,
}

/// What is to become of the line end that Enter put behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enter {
    /// It came in one burst with the text before it: the text is a paste, and it the paste's.
    Text,
    /// It came by itself: somebody says that this is all.
    Alone,
}

impl Typing {
    /// Begins with nothing, and with room for `most` bytes: a buffer that grows leaves copies.
    pub(super) fn new(controls: Controls, most: usize) -> Self {
        Self {
            controls,
            text: Zeroizing::new(Vec::with_capacity(most)),
            escape: Escape::None,
            in_paste: false,
            after_return: false,
            entered: None,
            after_paste: false,
            has_paste: false,
        }
    }

    /// Whether the last thing typed was Enter: unless more follows at once, this was all.
    pub(super) fn is_entered(&self) -> bool {
        self.entered.is_some()
    }

    /// Takes a byte; `is_first` of what came after a pause.
    pub(super) fn take(&mut self, byte: u8, is_first: bool) -> Wish {
        if self.in_paste {
            self.paste(byte);
            return Wish::More;
        }
        if self.is_escape(byte) {
            return Wish::More;
        }
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        let controls = self.controls;
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                let is_alone = is_first || self.after_paste;
                self.push(b'\n');
                self.entered = Some(if is_alone { Enter::Alone } else { Enter::Text });
            }
            // A disabled key is the NUL byte (termios(3), _POSIX_VDISABLE on Linux).
            0 => {}
            _ if byte == controls.interrupt => return Wish::Interrupt,
            _ if byte == controls.quit => return Wish::Quit,
            _ if byte == controls.stop => return Wish::Stop,
            _ if byte == controls.end => return Wish::End,
            _ if byte == controls.erase || matches!(byte, 0x08 | 0x7f) => self.erase(),
            // All of it: nobody sees where a line begins.
            _ if byte == controls.kill => self.keep(0),
            // Ctrl-W.
            0x17 => self.keep(self.word()),
            b'\t' | b' '..=0xff => self.push(byte),
            _ => {}
        }
        Wish::More
    }

    /// The text; longer than it may be where more came than fits.
    ///
    /// The line end of an Enter that only says "this is all" is not part of it, nor is that of
    /// a single line. A block such as a private key always ends with one (RFC 7468), which a
    /// selection with the mouse misses.
    pub(super) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        if self.entered == Some(Enter::Alone) {
            self.keep(self.text.len() - 1);
        }
        let first = self.text.iter().position(|byte| *byte == b'\n');
        if first.is_some_and(|at| at + 1 == self.text.len()) {
            self.keep(self.text.len() - 1);
        }
        // An Enter right behind a paste without brackets looks like a line of it.
        let body = self.text.strip_suffix(b"\n\n").map(<[u8]>::len);
        if let Some(body) = body.filter(|body| ends_a_block(&self.text[..*body])) {
            self.keep(body);
        }
        if ends_a_block(&self.text) {
            self.push(b'\n');
        }
        self.text
    }

    /// How many lines the paste that just ended has brought so far, with what was there before.
    pub(super) fn pasted(&self) -> Option<usize> {
        (self.after_paste && !self.in_paste).then(|| lines(&self.text))
    }

    /// Whether some of it came in brackets, so that it is known to be a paste.
    pub(super) fn is_paste(&self) -> bool {
        self.has_paste
    }

    fn push(&mut self, byte: u8) {
        self.entered = None;
        self.after_paste = false;
        if self.text.len() < self.text.capacity() {
            self.text.push(byte);
        }
    }

    fn paste(&mut self, byte: u8) {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        match byte {
            b'\n' if after_return => {}
            b'\r' => self.push(b'\n'),
            _ => self.push(byte),
        }
        if self.text.ends_with(PASTE_ENDS) {
            self.keep(self.text.len() - PASTE_ENDS.len());
            self.in_paste = false;
            self.after_return = false;
            self.after_paste = true;
            self.has_paste = true;
        } else if self.text.len() == self.text.capacity() && byte == b'~' {
            // Where nothing more is kept the end cannot be told from other text. All of it is
            // going to be refused.
            self.in_paste = false;
        }
    }

    /// Takes a byte that belongs to an escape sequence, of an arrow key or the like.
    fn is_escape(&mut self, byte: u8) -> bool {
        match (&mut self.escape, byte) {
            (Escape::None, 0x1b) => self.escape = Escape::Begun,
            (Escape::None, _) => return false,
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Inside(Vec::new()),
            // Alt and a key, or ESC by itself.
            (Escape::Begun, _) => {
                self.escape = Escape::None;
                return byte >= b' ';
            }
            (Escape::Inside(seen), b'@'..=b'~') => {
                seen.push(byte);
                self.in_paste = seen == PASTE_BEGINS;
                self.escape = Escape::None;
            }
            (Escape::Inside(seen), _) if seen.len() < 16 => seen.push(byte),
            (Escape::Inside(_), _) => self.escape = Escape::None,
        }
        true
    }

    /// Takes the last character away, whatever number of bytes it has.
    fn erase(&mut self) {
        let begins = |byte: &u8| byte & 0xc0 != 0x80;
        self.keep(self.text.iter().rposition(begins).unwrap_or(0));
    }

    fn keep(&mut self, bytes: usize) {
        self.entered = None;
        // What lies behind the end is wiped with the rest when this is dropped.
        self.text.truncate(bytes);
    }

    /// Where the last line begins.
    fn line(&self) -> usize {
        self.text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    }

    /// Where the last word begins.
    fn word(&self) -> usize {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        let end = self.text.iter().rposition(|byte| !is_blank(byte)).map_or(0, |at| at + 1);
        self.text[..end].iter().rposition(is_blank).map_or(0, |at| at + 1).max(self.line())
    }
}

/// How many lines a text has; its last one may lack an end.
pub(super) fn lines(text: &[u8]) -> usize {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    ends + usize::from(!text.is_empty() && !text.ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Controls, Typing, Wish};

    const CONTROLS: Controls =
        Controls { erase: 0x7f, kill: 0x15, interrupt: 3, quit: 0x1c, stop: 0x1a, end: 4 };

    /// What becomes of bursts of bytes with pauses between them, and whether it was all.
    fn typed(bursts: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut typing = Typing::new(CONTROLS, 256);
        for burst in bursts {
            for (at, byte) in burst.iter().enumerate() {
                assert_eq!(typing.take(*byte, at == 0), Wish::More);
            }
        }
        let is_all = typing.is_entered();
        (typing.finish().to_vec(), is_all)
    }

    #[test]
    fn a_line_is_typed_and_edited() {
        let cases: [(&[&[u8]], &[u8]); 8] = [
            (&[b"v", b"\r"], b"v"),
            (&[b"v\r"], b"v"),
            (&[b"v\r\n"], b"v"),
            (&[b"v\n"], b"v"),
            (&["aé\u{7f}\u{7f}b".as_bytes(), b"\r"], b"b"),
            (&[b"one two \x17x", b"\r"], b"one x"),
            (&[b"wrong\x15right", b"\r"], b"right"),
            (&[b"a\x1b[Cb\x1bOHc\x1b[1;5Dd\x01\x00", b"\r"], b"abcd"),
        ];
        for (bursts, expected) in cases {
            assert_eq!(typed(bursts), (expected.to_vec(), true), "{bursts:?}");
        }
    }

    #[test]
    fn a_paste_is_taken_whole() {
        let cases: [(&[&[u8]], &[u8]); 12] = [
            // Bracketed, with the line ends of terminals.
            (&[b"\x1b[200~a\rb\r\x1b[201~", b"\r"], b"a\nb\n"),
            (&[b"\x1b[200~a\r\nb\x1b[201~", b"\r"], b"a\nb"),
            (&[b"\x1b[200~a\nb\n\n\x1b[201~", b"\r"], b"a\nb\n\n"),
            (&[b"\x1b[200~one\r\x1b[201~", b"\r"], b"one"),
            (&[b"\x1b[200~a\rb\r\x1b[201~\r"], b"a\nb\n"),
            (&[b"\x1b[200~\x03\x04\x1a\x1b[201~", b"\r"], b"\x03\x04\x1a"),
            // In one burst.
            (&[b"a\rb\r"], b"a\nb\n"),
            (&[b"a\rb\r\x15c", b"\r"], b"c"),
            (&[b"-----BEGIN X-----\r-----END X-----\r\r"], b"-----BEGIN X-----\n-----END X-----\n"),
            (&[b"a\r\rb", b"\r"], b"a\n\nb"),
            // A key keeps, or gets, the line end that OpenSSH wants.
            (
                &[b"\x1b[200~-----BEGIN X-----\rAA\r-----END X-----\x1b[201~", b"\r"],
                b"-----BEGIN X-----\nAA\n-----END X-----\n",
            ),
            (
                &[b"-----BEGIN X-----\rAA\r-----END X-----\r"],
                b"-----BEGIN X-----\nAA\n-----END X-----\n",
            ),
        ];
        for (bursts, expected) in cases {
            assert_eq!(typed(bursts), (expected.to_vec(), true), "{bursts:?}");
        }
        assert!(!typed(&[b"\x1b[200~a\rb\r\x1b[201~"]).1, "a paste alone is not all");
        assert!(!typed(&[b"\x1b[200~a\r"]).1);
    }

    #[test]
    fn keys_that_end_it_say_so() {
        let cases = [(3, Wish::Interrupt), (4, Wish::End), (0x1a, Wish::Stop), (0x1c, Wish::Quit)];
        for (byte, wish) in cases {
            assert_eq!(Typing::new(CONTROLS, 8).take(byte, true), wish);
        }
    }

    #[test]
    fn what_is_too_long_is_longer_than_it_may_be_and_never_moves() {
        let mut typing = Typing::new(CONTROLS, 8);
        let place = typing.text.as_ptr();
        for byte in *b"123456789\r" {
            typing.take(byte, false);
        }
        assert_eq!(typing.text.as_ptr(), place);
        assert!(typing.finish().len() > 7);
    }

    proptest! {
        #[test]
        fn a_bracketed_paste_of_text_comes_out_as_it_is(lines in prop::collection::vec("[ -~é]{0,9}", 2..6)) {
            let text = lines.join("\n");
            prop_assume!(!text.ends_with("-----"));
            let sent = format!("\x1b[200~{}\x1b[201~", text.replace('\n', "\r"));
            let expected = if lines.len() == 2 && lines[1].is_empty() { &lines[0] } else { &text };
            let (got, is_all) = typed(&[sent.as_bytes(), b"\r"]);
            prop_assert!(is_all);
            prop_assert_eq!(&got, expected.as_bytes());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut typing = Typing::new(CONTROLS, 64);
            for byte in bytes {
                typing.take(byte, byte % 7 == 0);
            }
            typing.finish();
        }
    }
}
