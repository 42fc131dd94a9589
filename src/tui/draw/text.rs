//! Text that fits: measured in columns, cut and wrapped by them.

use ratatui::text::Span;

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// The text with an ellipsis where it is wider than `most` columns.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if width(&cut) + 1 > most {
            cut.pop();
            break;
        }
    }
    cut.push('…');
    cut
}

/// The text in lines of at most `most` columns, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, most: usize) -> Vec<String> {
    text.split('\n').flat_map(|line| wrap_line(line, most.max(4))).collect()
}

/// In one pass: a value may have a million characters in one line.
fn wrap_line(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut start, mut columns, mut space) = (0, 0, None);
    for (at, c) in text.char_indices() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        while columns + wide > most && at > start {
            // At the last space, where words stand before it; a space that does not fit goes.
            let words = |space: &usize| !text[start..*space].trim().is_empty();
            let end = space.take().filter(words).filter(|_| c != ' ').unwrap_or(at);
            lines.push(text[start..end].trim_end().to_owned());
            start = end;
            columns = width(&text[start..at]);
        }
        if c == ' ' && at == start && at > 0 {
            start = at + 1;
            continue;
        }
        columns += wide;
        if c == ' ' {
            space = Some(at + 1);
        }
    }
    lines.push(text[start..].trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::{cut, width, wrap};
    use proptest::prelude::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("漢字"), 4);
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap("abcd efgh", 4), ["abcd", "efgh"]);
        assert_eq!(wrap(&"x".repeat(1 << 20), 80).len(), 13_108);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in "[a-z 漢é\n]{0,60}", most in 4usize..20) {
            prop_assert!(width(&cut(&text.replace('\n', ""), most)) <= most);
            for line in wrap(&text, most) {
                prop_assert!(width(&line) <= most, "{line:?}");
            }
        }
    }
}
