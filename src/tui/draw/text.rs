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

fn wrap_line(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if width(&line) + width(word.trim_end()) > most && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line.push_str(word);
        while width(line.trim_end()) > most {
            let end = end_of(&line, most);
            let rest = line.split_off(end);
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Where the first `most` columns end, one character at least.
fn end_of(text: &str, most: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut found = text.chars().next().map_or(0, char::len_utf8);
    for end in ends {
        if width(&text[..end]) > most {
            break;
        }
        found = end;
    }
    found
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
