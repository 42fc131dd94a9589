//! What is held back of an answer says nothing about what is in it.
//!
//! The masker holds bytes back for as long as they could become a value. Where an answer can be
//! made to say anything, as by whoever stored it at an allowed host before, the place where its
//! pieces end would tell a guess that is half right from one that is wrong. So a constant number
//! of bytes is held back here, whatever they are: as many as the longest writing of a value may
//! have, less one; and all of them are let go after a constant silence.

use std::ops::Deref;

use crate::inject::{Filter, MaskStream, Masker};
use crate::name::SecretName;

/// A stream with a tail of constant length.
pub(super) struct Even<M, R> {
    stream: MaskStream<M, R>,
    /// Looked into, and not yet let go.
    late: Vec<u8>,
    /// Bytes that are held back in all.
    tail: usize,
    /// Whether what came ends with a line.
    is_line: bool,
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Even<M, R> {
    /// Holds back as much as `masker` may need.
    pub(super) fn new(masker: &Masker, stream: MaskStream<M, R>) -> Self {
        Self { stream, late: Vec::new(), tail: masker.reach().saturating_sub(1), is_line: false }
    }
}

impl<M: Deref<Target = Masker> + Clone, R: FnMut(&SecretName)> Filter for Even<M, R> {
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.is_line = chunk.last().map_or(self.is_line, |byte| *byte == b'\n');
        self.stream.push(chunk, &mut self.late);
        // A writing may be made longer than any that is meant: it is not waited for.
        self.stream.let_go(self.tail, &mut self.late);
        let keep = self.tail.saturating_sub(self.stream.held());
        let ready = self.late.len().saturating_sub(keep);
        out.extend(self.late.drain(..ready));
    }

    fn pause(&mut self, out: &mut Vec<u8>) {
        // An event, or a line of a log. Amid a line what is to come may go on with a value.
        if self.is_line {
            self.finish(out);
        }
    }

    fn idle(&mut self, _most: usize, out: &mut Vec<u8>) {
        self.finish(out);
    }

    fn holds(&self) -> bool {
        !self.late.is_empty() || self.stream.holds()
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.stream.finish(&mut self.late);
        out.append(&mut self.late);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Even;
    use crate::inject::{Filter as _, Masker};
    use crate::name::SecretName;
    use crate::secret::SecretBytes;

    const VALUE: &str = "ghp_0123456789abcdefghij";

    fn masker() -> Masker {
        let name = SecretName::parse("token").unwrap();
        Masker::new(&[(name, SecretBytes::from(VALUE.to_owned()))])
    }

    /// How many bytes come out after each piece, and in the end all of them.
    fn pieces(masker: &Masker, text: &[u8], size: usize) -> (Vec<usize>, Vec<u8>) {
        let mut even = Even::new(masker, masker.stream(|_| ()));
        let (mut ends, mut all) = (Vec::new(), Vec::new());
        for piece in text.chunks(size) {
            even.push(piece, &mut all);
            ends.push(all.len());
        }
        even.finish(&mut all);
        (ends, all)
    }

    #[test]
    fn where_pieces_end_does_not_tell_how_much_of_a_guess_is_right() {
        let masker = masker();
        for size in [1, 3, 7, 100, 1000] {
            let text = |guess: &str| format!("{}{guess}{}", "x".repeat(300), "y".repeat(300));
            let wrong = pieces(&masker, text(&"z".repeat(VALUE.len())).as_bytes(), size).0;
            for right in 0..VALUE.len() {
                let guess = format!("{}{}", &VALUE[..right], "z".repeat(VALUE.len() - right));
                let guess = text(&guess);
                let (ends, all) = pieces(&masker, guess.as_bytes(), size);
                assert_eq!(ends, wrong, "{right} of {size}");
                assert_eq!(all, guess.as_bytes());
            }
        }
    }

    #[test]
    fn no_writing_is_so_long_that_it_is_waited_for() {
        let masker = masker();
        // Each byte as an entity with leading zeros, and each byte of that so again.
        let entities =
            |text: &str| -> String { text.bytes().map(|byte| format!("&#{byte:08};")).collect() };
        for size in [7, 100, 1000] {
            let text = |guess: &str| format!("{}{guess}{}", "x".repeat(300), ".".repeat(9000));
            let wrong = text(&entities(&entities(&"z".repeat(VALUE.len()))));
            let half = text(&entities(&entities(&format!("{}{}", &VALUE[..12], "z".repeat(12)))));
            let (wrong, half) = (wrong.as_bytes(), half.as_bytes());
            assert_eq!(pieces(&masker, wrong, size).0, pieces(&masker, half, size).0, "{size}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_replaced_however_it_is_cut(
            before in "[a-z_0-9]{0,40}", after in "[a-z_0-9]{0,40}", size in 1_usize..80
        ) {
            let masker = masker();
            let text = format!("{before}{VALUE}{after}");
            let (_, all) = pieces(&masker, text.as_bytes(), size);
            prop_assert_eq!(all, masker.mask(text.as_bytes()));
        }
    }

    #[test]
    fn a_pause_lets_whole_lines_go_and_never_the_beginning_of_a_value() {
        let masker = masker();
        let mut even = Even::new(&masker, masker.stream(|_| ()));
        let mut out = Vec::new();
        even.push(b"data: one\n\n", &mut out);
        even.pause(&mut out);
        assert_eq!(out, b"data: one\n\n");
        // Also where no value could begin: what is held tells nothing.
        for part in ["data: {\"a\": \"", &VALUE[..9], &VALUE[9..], "\"}"] {
            even.push(part.as_bytes(), &mut out);
            even.pause(&mut out);
            assert_eq!(out, b"data: one\n\n");
        }
        even.push(b"\n\n", &mut out);
        even.pause(&mut out);
        assert_eq!(out, b"data: one\n\ndata: {\"a\": \"[authy:token]\"}\n\n");
        assert!(!even.holds());
    }

    #[test]
    fn a_silence_lets_all_go_and_what_follows_is_looked_into() {
        let masker = masker();
        let mut even = Even::new(&masker, masker.stream(|_| ()));
        let mut out = Vec::new();
        even.push(b"event: half ghp_0123", &mut out);
        assert!(even.holds());
        even.idle(usize::MAX, &mut out);
        assert_eq!(out, b"event: half ghp_0123");
        assert!(!even.holds());
        even.push(format!(" {VALUE} ").as_bytes(), &mut out);
        even.idle(usize::MAX, &mut out);
        assert_eq!(out, b"event: half ghp_0123 [authy:token] ");
    }
}
