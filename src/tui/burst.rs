//! Keys that came all at once: a paste, on a terminal that does not say so (the Linux console).

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use zeroize::Zeroizing;

/// The text at the beginning of these keys, and how many of them it is. `None` where they hold no
/// line end with text behind it: such keys may as well have been typed fast.
pub(super) fn text(keys: &[KeyEvent]) -> Option<(Zeroizing<String>, usize)> {
    let count = keys.iter().take_while(|key| character(key).is_some()).count();
    let mut text = Zeroizing::new(String::with_capacity(count * char::MAX.len_utf8()));
    text.extend(keys[..count].iter().filter_map(character));
    text.trim_end_matches('\n').contains('\n').then_some((text, count))
}

/// The character that a key stands for in a text.
fn character(key: &KeyEvent) -> Option<char> {
    let modifiers = key.modifiers.difference(KeyModifiers::SHIFT);
    match key.code {
        _ if key.kind == KeyEventKind::Release => None,
        KeyCode::Char('j') if modifiers == KeyModifiers::CONTROL => Some('\n'),
        _ if !modifiers.is_empty() => None,
        KeyCode::Char(c) => Some(c),
        KeyCode::Enter => Some('\n'),
        KeyCode::Tab => Some('\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::text;

    fn keys(typed: &str) -> Vec<KeyEvent> {
        let code = |c| match c {
            '\r' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        typed.chars().map(|c| KeyEvent::new(code(c), KeyModifiers::NONE)).collect()
    }

    #[test]
    fn lines_that_come_at_once_are_a_text() {
        let found = |typed| text(&keys(typed)).map(|(text, count)| (text.to_string(), count));
        assert_eq!(found("a\rb\r"), Some(("a\nb\n".to_owned(), 4)));
        assert_eq!(found("a\r\rB\x1bq"), Some(("a\n\nB".to_owned(), 4)));
        for typed in ["", "a", "value\r", "value\r\r", "a\x1b\rb\r"] {
            assert_eq!(found(typed), None, "{typed:?}");
        }
    }
}
