//! Text that is being typed: a cursor in it, and bytes that are wiped with it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroizing;

use crate::front::ends_a_block;

/// Room for what is mostly typed. A text that outgrows its room moves into another one, and
/// the old one is wiped.
const ROOM: usize = 4096;
/// Most bytes; a value is at most 1 MiB.
const MOST: usize = 1 << 20;

/// A text with a cursor.
pub(crate) struct Input {
    text: Zeroizing<String>,
    /// Where the next character goes, as a byte of the text.
    at: usize,
    /// Whether it may have several lines.
    lines: bool,
}

impl Input {
    pub(crate) fn line(text: &str) -> Self {
        Self::new(text, false)
    }

    pub(crate) fn lines(text: &str) -> Self {
        Self::new(text, true)
    }

    fn new(text: &str, lines: bool) -> Self {
        let mut input = Self { text: room(ROOM), at: 0, lines };
        input.insert(text);
        input
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text before the cursor.
    pub(crate) fn before(&self) -> &str {
        &self.text[..self.at]
    }

    pub(crate) fn clear(&mut self) {
        self.text = room(ROOM);
        self.at = 0;
    }

    pub(crate) fn set(&mut self, text: &str) {
        self.clear();
        self.insert(text);
    }

    /// Whether it may have several lines.
    pub(crate) const fn has_lines(&self) -> bool {
        self.lines
    }

    /// Puts a paste where the cursor is: terminals send CR for a line end. The last line end goes,
    /// but for that of a block such as a private key, which OpenSSH insists on.
    pub(crate) fn paste(&mut self, text: &str) {
        let mut lines = room(text.len() + 1);
        let mut left = text.chars().peekable();
        while let Some(c) = left.next() {
            lines.push(if c == '\r' { '\n' } else { c });
            if c == '\r' {
                left.next_if_eq(&'\n');
            }
        }
        let whole = lines.strip_suffix('\n').unwrap_or(&lines).len();
        lines.truncate(whole);
        if ends_a_block(lines.as_bytes()) {
            lines.push('\n');
        }
        self.insert(&lines);
    }

    /// Puts text where the cursor is. A single line takes line breaks as spaces, and no other
    /// control characters; what is too long is left out.
    pub(crate) fn insert(&mut self, text: &str) {
        let cleaned: Zeroizing<String>;
        let text = if self.lines {
            text
        } else {
            let mut line = room(text.len());
            let text = text.trim_end_matches(['\r', '\n']);
            let plain = |c: char| if matches!(c, '\n' | '\t') { ' ' } else { c };
            line.extend(text.chars().map(plain).filter(|c| !c.is_control()));
            cleaned = line;
            &cleaned
        };
        if self.text.len() + text.len() > MOST {
            return;
        }
        if self.text.len() + text.len() > self.text.capacity() {
            let mut more = room((self.text.len() + text.len()) * 2);
            more.push_str(&self.text);
            self.text = more;
        }
        self.text.insert_str(self.at, text);
        self.at += text.len();
    }

    /// Takes a key that edits; tells whether it was one.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('u') if ctrl => self.cut(self.line_start()),
            KeyCode::Char('w') if ctrl => self.cut(self.word_start()),
            KeyCode::Char('a') if ctrl => self.at = self.line_start(),
            KeyCode::Char('e') if ctrl => self.at = self.line_end(),
            KeyCode::Char('j') if ctrl && self.lines => self.insert("\n"),
            // What some terminals send for the key above Enter.
            KeyCode::Char('h') if ctrl => self.cut(self.left()),
            KeyCode::Enter if alt && self.lines => self.insert("\n"),
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.cut(self.left()),
            KeyCode::Delete => {
                let at = self.at;
                self.at = self.right();
                self.cut(at);
            }
            KeyCode::Left => self.at = self.left(),
            KeyCode::Right => self.at = self.right(),
            KeyCode::Home => self.at = self.line_start(),
            KeyCode::End => self.at = self.line_end(),
            KeyCode::Up if self.lines && self.line_start() > 0 => self.vertical(false),
            KeyCode::Down if self.lines && self.line_end() < self.text.len() => self.vertical(true),
            _ => return false,
        }
        true
    }

    /// Takes away what is between `from` and the cursor.
    fn cut(&mut self, from: usize) {
        let mut rest = room(self.text.capacity());
        rest.push_str(&self.text[..from]);
        rest.push_str(&self.text[self.at..]);
        self.text = rest;
        self.at = from;
    }

    fn left(&self) -> usize {
        self.before().char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.at + self.text[self.at..].chars().next().map_or(0, char::len_utf8)
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |at| self.at + at)
    }

    fn word_start(&self) -> usize {
        let trimmed = self.before().trim_end();
        // A space may be longer than one byte.
        let space = trimmed.char_indices().rfind(|(_, c)| c.is_whitespace());
        space.map_or(0, |(at, c)| at + c.len_utf8()).max(self.line_start())
    }

    /// Moves to the line above or below, to the same column as far as it goes.
    fn vertical(&mut self, down: bool) {
        let column = self.text[self.line_start()..self.at].chars().count();
        self.at = if down { self.line_end() + 1 } else { self.line_start() - 1 };
        let start = self.line_start();
        let line = &self.text[start..self.line_end()];
        let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        self.at = start + end;
    }
}

fn room(bytes: usize) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(bytes.max(64)))
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, MOST};
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use proptest::prelude::*;

    fn press(input: &mut Input, code: KeyCode) {
        input.key(KeyEvent::new(code, KeyModifiers::NONE));
    }

    #[test]
    fn a_line_is_edited() {
        let mut input = Input::line("two words");
        press(&mut input, KeyCode::Home);
        press(&mut input, KeyCode::Char('é'));
        press(&mut input, KeyCode::Right);
        press(&mut input, KeyCode::Backspace);
        assert_eq!((input.text(), input.before()), ("éwo words", "é"));
        press(&mut input, KeyCode::Delete);
        press(&mut input, KeyCode::End);
        input.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "éo ");
        input.paste("pasted\rlines\r\n");
        assert_eq!(input.text(), "éo pasted lines");
        input.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "");
    }

    #[test]
    fn a_word_ends_at_any_space() {
        for space in ['\u{85}', '\u{3000}'] {
            let mut input = Input::lines(&format!("a{space}b"));
            input.key(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
            assert_eq!(input.text(), format!("a{space}"));
        }
    }

    #[test]
    fn several_lines_are_walked() {
        let mut input = Input::lines("first\nx\nthird");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.before(), "first\nx");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.before(), "f");
        press(&mut input, KeyCode::Down);
        input.key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL));
        assert_eq!(input.text(), "first\nx\n\nthird");
    }

    #[test]
    fn a_paste_has_the_line_ends_of_a_text() {
        for (pasted, expected) in [
            ("a\rb\r", "a\nb"),
            ("a\r\nb\n", "a\nb"),
            ("a\n\r\n", "a\n"),
            (
                "-----BEGIN X-----\rAA\r-----END X-----\r",
                "-----BEGIN X-----\nAA\n-----END X-----\n",
            ),
            ("-----BEGIN X-----\rAA\r-----END X-----", "-----BEGIN X-----\nAA\n-----END X-----\n"),
        ] {
            let mut input = Input::lines("");
            input.paste(pasted);
            assert_eq!(input.text(), expected);
        }
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let mut input = Input::lines(&"x".repeat(MOST));
        press(&mut input, KeyCode::Char('y'));
        assert_eq!(input.text().len(), MOST);
        assert_eq!(format!("{input:?}"), "[redacted]");
    }

    proptest! {
        #[test]
        fn no_keys_make_it_panic(text in ".{0,12}", keys in prop::collection::vec(0..12usize, 0..40)) {
            let codes = [
                KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home,
                KeyCode::End, KeyCode::Backspace, KeyCode::Delete, KeyCode::Char('漢'),
                KeyCode::Char('w'), KeyCode::Char('u'), KeyCode::Char('j'),
            ];
            let mut input = Input::lines(&text);
            for key in keys {
                let ctrl = if key > 8 { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                input.key(KeyEvent::new(codes[key], ctrl));
            }
            prop_assert!(input.text().starts_with(input.before()));
        }
    }
}
