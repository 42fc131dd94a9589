//! What is shown when: chunks, pauses, ends, reports.

use std::cell::RefCell;

use super::{Filter, mask, mask_text, masker};

/// What `chunk` makes the stream show.
fn push(stream: &mut impl Filter, chunk: &str) -> String {
    let mut out = Vec::new();
    stream.push(chunk.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

fn idle(stream: &mut impl Filter) -> String {
    let mut out = Vec::new();
    stream.idle(usize::MAX, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_value_in_two_chunks_or_byte_by_byte_is_one_label() {
    let masker = masker(&["hunter2-long"]);
    for size in 1..12 {
        let text = b"x hunter2-long, hunter2-long y";
        assert_eq!(mask(&masker, text.chunks(size)), b"x [authy:a], [authy:a] y");
    }
}

#[test]
fn only_what_could_become_a_value_is_held_back() {
    let masker = masker(&["hunter2-long"]);
    let mut stream = masker.stream(|_| ());
    assert_eq!(push(&mut stream, "password: hun"), "password: ");
    assert!(stream.holds());
    assert_eq!(push(&mut stream, "gry\n"), "hungry\n");
    assert!(!stream.holds());
}

#[test]
fn a_pause_shows_a_quarter_and_the_rest_is_masked_all_the_same() {
    let masker = masker(&["hunter2-long"]);
    let mut stream = masker.stream(|_| ());
    assert_eq!(push(&mut stream, "hunter2"), "");
    assert_eq!(idle(&mut stream), "hun");
    assert_eq!(idle(&mut stream), "");
    assert_eq!(push(&mut stream, "-long\n"), "[authy:a]\n");
    push(&mut stream, "hunter2-long");
    assert_eq!(idle(&mut stream), "[authy:a]");
}

#[test]
fn the_end_shows_what_did_not_become_a_value() {
    assert_eq!(mask_text(&masker(&["hunter2-long"]), "hunter2-lon"), "hunter2-lon");
}

#[test]
fn the_longest_of_two_values_wins_and_none_shows_a_rest() {
    let masker = masker(&["secret", "secret-and-more", "more-to-come"]);
    assert_eq!(mask_text(&masker, "secret-and"), "[authy:a]-and");
    assert_eq!(mask_text(&masker, "secret-and-more"), "[authy:b]");
    // Overlapping occurrences disappear together.
    assert_eq!(mask_text(&masker, "secret-and-more-to-come!"), "[authy:b][authy:c]!");
}

#[test]
fn each_occurrence_is_reported_before_it_is_shown() {
    let masker = masker(&["first-value", "second-value"]);
    let seen = RefCell::new(Vec::new());
    let mut stream = masker.stream(|name| seen.borrow_mut().push(name.to_string()));
    push(&mut stream, "first-value second-value first-value ");
    assert_eq!(*seen.borrow(), ["a", "b", "a"]);
}

#[test]
fn an_empty_value_and_no_value_mask_nothing() {
    assert_eq!(mask_text(&masker(&[""]), "text"), "text");
    assert_eq!(mask_text(&masker::<&str>(&[]), "text"), "text");
}

#[test]
fn debug_output_shows_nothing() {
    let masker = masker(&["hunter2-long"]);
    let mut stream = masker.stream(|_| ());
    push(&mut stream, "hunter2");
    assert!(!format!("{masker:?}{stream:?}").contains("hunter2"));
}
