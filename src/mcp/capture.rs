//! What a program prints, as far as it is passed on: the beginning and the end.

use std::collections::VecDeque;

/// So many bytes of the beginning are kept, and as many of the end.
///
/// Clients show a model 40 KB of an answer whole, and of more they show little or nothing (opencode
/// 1.18, Claude Code 2.1).
const KEPT: usize = 8 << 10;

/// A stream of a program.
#[derive(Debug, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: usize,
}

impl Capture {
    /// Takes what came.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        self.left_out += over;
    }

    /// Whether some of it was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.left_out > 0
    }

    /// The text, with a line where something was left out; what is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.left_out == 0 {
            return String::from_utf8_lossy(&[self.head.as_slice(), &tail].concat()).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[... {} bytes left out ...]\n{tail}", self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Capture, KEPT};

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut short = Capture::default();
        for part in ["one ", "two"] {
            short.take(part.as_bytes());
        }
        assert_eq!((short.text().as_str(), short.is_cut()), ("one two", false));
        for chunk in [1, 1000, KEPT, 3 * KEPT] {
            let mut long = Capture::default();
            let whole: Vec<u8> =
                (0..3 * KEPT).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect();
            whole.chunks(chunk).for_each(|part| long.take(part));
            let text = long.text();
            assert!(long.is_cut() && text.contains(&format!("[... {KEPT} bytes left out ...]")));
            assert!(text.as_bytes().starts_with(&whole[..KEPT]));
            assert!(text.as_bytes().ends_with(&whole[2 * KEPT..]));
        }
        let mut odd = Capture::default();
        odd.take(b"a\xffb");
        assert_eq!(odd.text(), "a\u{fffd}b");
    }
}
