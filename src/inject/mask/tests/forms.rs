//! The forms by example, as other programs write them.

use super::{mask_text, masker};

/// A value with something for every encoder to escape.
const VALUE: &str = "p@ss w\u{f6}rd/\"x\\<&";

#[track_caller]
fn assert_hidden(text: &str) {
    assert_eq!(mask_text(&masker(&[VALUE]), format!("<{text}>")), "<[authy:a]>", "{text}");
}

#[test]
fn as_it_is_and_in_hex() {
    assert_hidden(VALUE);
    assert_hidden("704073732077c3b672642f22785c3c26");
    assert_hidden("704073732077C3B672642F22785C3C26");
}

#[test]
fn in_json_as_its_writers_differ() {
    // serde_json and JavaScript; Python; Go; PHP.
    assert_hidden("p@ss w\u{f6}rd/\\\"x\\\\<&");
    assert_hidden("p@ss w\\u00f6rd/\\\"x\\\\<&");
    assert_hidden("p@ss w\u{f6}rd/\\\"x\\\\\\u003c\\u0026");
    assert_hidden("p@ss w\\u00f6rd\\/\\\"x\\\\<&");
}

#[test]
fn in_urls() {
    // encodeURIComponent; urllib's quote and quote_plus; lower digits.
    assert_hidden("p%40ss%20w%C3%B6rd%2F%22x%5C%3C%26");
    assert_hidden("p%40ss%20w%C3%B6rd/%22x%5C%3C%26");
    assert_hidden("p%40ss+w%C3%B6rd%2F%22x%5C%3C%26");
    assert_hidden("p%40ss%20w%c3%b6rd%2f%22x%5c%3c%26");
}

#[test]
fn in_base64_of_all_three_alignments() {
    // "hunter2-long" with 0, 1 and 2 bytes before it, alone and with a byte after it.
    let masker = masker(&["hunter2-long"]);
    for (text, shown) in [
        ("aHVudGVyMi1sb25n", "[authy:a]"),
        ("eGh1bnRlcjItbG9uZw==", "eG[authy:a]"),
        ("eHhodW50ZXIyLWxvbmc=", "eHh[authy:a]"),
        ("aHVudGVyMi1sb25nIQ==", "[authy:a]IQ=="),
        ("eGh1bnRlcjItbG9uZyE=", "eG[authy:a]yE="),
        ("eHhodW50ZXIyLWxvbmch", "eHh[authy:a]h"),
    ] {
        assert_eq!(mask_text(&masker, text), shown);
    }
}

#[test]
fn a_basic_authorization_header_is_hidden() {
    // base64 of "user:hunter2-long"; the "p" holds two bits of the "h".
    let shown = mask_text(&masker(&["hunter2-long"]), "Basic dXNlcjpodW50ZXIyLWxvbmc=\n");
    assert_eq!(shown, "Basic dXNlcjp[authy:a]\n");
}

#[test]
fn values_of_fewer_than_six_bytes_are_known_only_as_they_are() {
    let masker = masker(&["12345"]);
    assert_eq!(mask_text(&masker, "12345 3132333435 MTIzNDU="), "[authy:a] 3132333435 MTIzNDU=");
}

#[test]
fn a_value_of_lines_is_known_on_a_terminal_and_without_its_last_newline() {
    let masker = masker(&["one line\nanother\n"]);
    assert_eq!(mask_text(&masker, "one line\nanother\n"), "[authy:a]");
    assert_eq!(mask_text(&masker, "one line\r\nanother\r\n"), "[authy:a]");
    assert_eq!(mask_text(&masker, "one line\nanother."), "[authy:a].");
}
