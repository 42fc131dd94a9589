//! Values are found by what a text means, and all else passes as it is.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::writers::{WRITERS, Writer};
use super::against_naive::chunks;
use super::{Filter, mask, mask_text, masker};

#[track_caller]
fn assert_masked(value: &str, text: &str, shown: &str) {
    let masker = masker(&[value]);
    assert_eq!(mask_text(&masker, text), shown, "{text}");
    let bytewise = mask(&masker, text.as_bytes().chunks(1));
    assert_eq!(String::from_utf8_lossy(&bytewise), shown, "byte by byte: {text}");
}

const VALUE: &str = "p@ss w\u{f6}rd/\"x\\<&+=~\u{1f511}'1";

#[test]
fn each_way_to_write_a_value_is_known() {
    for (name, write) in WRITERS {
        let text = String::from_utf8(write(VALUE.as_bytes())).unwrap();
        assert_masked(VALUE, &format!("<{text}>"), "<[authy:a]>");
        assert_masked(VALUE, &format!("{text}\n"), "[authy:a]\n");
        assert_masked(
            VALUE,
            &format!("say {name}: {text} and go on"),
            &format!("say {name}: [authy:a] and go on"),
        );
    }
}

#[test]
fn base64_in_a_longer_text_is_known_wherever_it_begins() {
    for before in 0..8 {
        for after in 0..5 {
            let text = format!("{}{VALUE}{}", "u".repeat(before), ":".repeat(after));
            let text = data_encoding::BASE64.encode(text.as_bytes());
            for text in [format!("xy{text}"), format!("Basic {text}\n"), text] {
                let shown = mask_text(&masker(&[VALUE]), &text);
                assert!(shown.contains("[authy:a]"), "{text}: {shown}");
                assert!(shown.len() < 9 + 22 + 12, "{shown}");
            }
        }
    }
}

#[test]
fn a_value_is_found_in_a_long_document_of_letters() {
    let masker = masker(&[VALUE]);
    let filler: String = ('a'..='z').cycle().take(1500).collect();
    let encode = data_encoding::BASE64;
    for (name, write) in &WRITERS[..14] {
        let written = String::from_utf8(write(VALUE.as_bytes())).unwrap();
        for before in (0..700).step_by(53) {
            let text = format!("{{\"k\": \"{}{written}{filler}\"}}", &filler[..before]);
            let text = encode.encode(text.as_bytes());
            let shown = mask_text(&masker, format!("x {text} y\n"));
            assert!(shown.contains("[authy:a]"), "{name}, {before}");
        }
    }
}

#[test]
fn lines_with_one_prefix_are_one_text() {
    let value = "0123456789 the value of some length, in base64 of several lines 0123456789";
    let text = data_encoding::BASE64.encode(value.as_bytes());
    for prefix in ["web-1  | ", "    ", "# ", "> > "] {
        let lines: Vec<_> =
            text.as_bytes().chunks(24).map(|l| String::from_utf8_lossy(l)).collect();
        let lines = format!("{prefix}{}\n", lines.join(&format!("\n{prefix}")));
        assert_masked(value, &lines, &format!("{prefix}[authy:a]\n"));
        assert_masked(value, &format!("x\n{lines}"), &format!("x\n{prefix}[authy:a]\n"));
    }
    let folded = text.as_bytes().chunks(32).map(|l| String::from_utf8_lossy(l));
    assert_masked(value, &folded.collect::<Vec<_>>().join(" "), "[authy:a]");
}

#[test]
fn one_line_of_a_key_and_one_text_of_a_document_are_known() {
    let key = "-----BEGIN KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgw\nggSkAgEAAoIBAQC7VJTUt9Us8cKj\nMSg=\n-----END KEY-----\n";
    assert_masked(key, "  ggSkAgEAAoIBAQC7VJTUt9Us8cKj\n", "  [authy:a]\n");
    assert_masked(key, "-----BEGIN KEY-----\nAAAA\n", "-----BEGIN KEY-----\nAAAA\n");
    assert_masked(key, key, "[authy:a]");
    let one_line = key.replace('\n', "\\n");
    assert_masked(key, &format!("\"{one_line}\""), "\"[authy:a]\"");
    let json = r#"{"type": "service_account", "id": {"private_key_id": ["0a1b2c3d4e5f60718293"]}}"#;
    assert_masked(
        json,
        "key 0a1b2c3d4e5f60718293 of service_account",
        "key [authy:a] of service_account",
    );
}

#[test]
fn quotation_marks_of_shells_are_known() {
    let value = "it's a $value";
    assert_masked(value, r"v='it'\''s a $value'", "v='[authy:a]'");
    assert_masked(value, r#"v='it'"'"'s a $value'"#, "v='[authy:a]'");
    assert_masked(value, r#"declare -- v="it's a \$value""#, "declare -- v=\"[authy:a]\"");
    assert_masked(value, r"v=it\'s\ a\ \$value", "v=[authy:a]");
    assert_masked("a\nvalue \u{f6}f", r"v=$'a\nvalue \303\266f'", "v=$'[authy:a]'");
    // Within them a backslash is one.
    let value = r"ab'cdefgh\nij\;kl";
    assert_masked(value, r"+ : 'ab'\''cdefgh\nij\;kl'", "+ : '[authy:a]'");
    assert_masked(value, r#""'ab'\\''cdefgh\\nij\\;kl'""#, "\"'[authy:a]'\"");
}

#[test]
fn characters_by_their_number_are_known_and_halves_of_them() {
    let value = "K\u{e4}se-abcd\u{20ac}f\u{1f511}gh";
    for text in [
        r"K\xe4se-abcd\u20acf\U0001f511gh",
        r"K\xE4se-abcd\u20acf\ud83d\udd11gh",
        "K%E4se-abcd%u20ACf%uD83D%uDD11gh",
        "K&#xe4;se-abcd&#8364;f&#xd83d;&#xdd11;gh",
        r"K\x{e4}se-abcd\x{20ac}f\x{1f511}gh",
    ] {
        assert_masked(value, &format!("<{text}>"), "<[authy:a]>");
    }
    assert_masked("K\u{e4}se-abcdef", "K\\xe4se-abcdef", "[authy:a]");
}

#[test]
fn a_value_is_known_with_colours_in_it_and_with_its_triplets_undone() {
    let value = "s3cr%40t-W0rd!9";
    assert_masked(value, "s3cr%40t-W0\u{1b}[01;31m\u{1b}[Krd\u{1b}[m\u{1b}[K!9\n", "[authy:a]\n");
    assert_masked(value, "u:s3cr%40t-W0rd%219@h", "u:[authy:a]@h");
    assert_masked(value, "u:s3cr@t-W0rd!9@h", "u:[authy:a]@h");
    assert_masked(" blanks at ends ", "<blanks at ends>", "<[authy:a]>");
    assert_masked("line-one-A\nline-two-B\n", "line-one-A line-two-B", "[authy:a]");
}

#[test]
fn silence_shows_few_letters_of_what_could_become_a_value() {
    let masker = masker(&["Tr0ub4dor&3xyz-and-more"]);
    let text = data_encoding::BASE64.encode(b"Tr0ub4dor&3xyz-and-more");
    let hex = data_encoding::HEXLOWER.encode(b"Tr0ub4dor&3xyz-and-more");
    for (text, most) in [(text, 6), (hex, 8)] {
        let (mut out, mut stream) = (Vec::new(), masker.stream(|_| ()));
        for byte in text.bytes() {
            stream.push(&[byte], &mut out);
            stream.idle(4, &mut out);
        }
        stream.finish(&mut out);
        let out = String::from_utf8(out).unwrap();
        let shown = out.strip_suffix("[authy:a]").unwrap();
        assert!(text.starts_with(shown) && shown.len() <= most, "{out}");
    }
}

#[test]
fn few_bytes_are_known_as_words_alone() {
    assert_masked(
        "app",
        "app apple snapp /app/ wrapped app",
        "[authy:a] apple snapp /[authy:a]/ wrapped [authy:a]",
    );
    assert_masked("7", "7 17 7\n", "[authy:a] 17 [authy:a]\n");
    assert_masked("app1", "snapp1e", "sn[authy:a]e");
}

#[test]
fn a_line_is_shown_when_it_is_whole() {
    let masker = masker(&["hunter2-long"]);
    for line in
        ["ready\n", "100%\n", "a & b\n", "C:\\Users\n", "{\"id\": 7}\n", "Password: ", "12:34:56\n"]
    {
        let (mut out, mut stream) = (Vec::new(), masker.stream(|_| ()));
        stream.push(line.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), line);
        assert!(!stream.holds());
    }
}

#[test]
fn silence_shows_what_could_hardly_be_a_value() {
    let masker = masker(&["hunter2-long"]);
    for text in [
        "ready",
        "/a/long/path/to/somewhere",
        "0123456789abcdef0123456789abcdef\n",
        "half an escape: \\u00",
        "a&amp",
    ] {
        let (mut out, mut stream) = (Vec::new(), masker.stream(|_| ()));
        stream.push(text.as_bytes(), &mut out);
        stream.idle(4, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
    // Through a pipe no more than four bytes of what could become a value.
    let (mut out, mut stream) = (Vec::new(), masker.stream(|_| ()));
    stream.push(b"hunter2", &mut out);
    stream.idle(4, &mut out);
    assert_eq!(out, b"hun");
}

/// Sources, pages, records, this program itself: whatever is at hand.
#[test]
fn what_lies_about_passes_unharmed() {
    let key = "-----BEGIN KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgw\nQ7VJTUt9Us8cKj0pLmXz\n-----END KEY-----\n";
    // None of them may stand in an example of the pages.
    let values =
        ["k7fq-lantern", "p@ss w\u{f6}rd/\"x", "postgres://u:s3cr%40t@db/x", "it's 8", key];
    let masker = masker(&values);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut corpus = Vec::new();
    for folder in ["docs", "examples", "src/seal", "src/service/commands"] {
        let files = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name();
        let files = files.into_iter().flatten().filter(|entry| entry.file_type().is_file());
        corpus.extend(files.map(|file| std::fs::read(file.path()).unwrap()));
    }
    corpus.push(std::fs::read(root.join("Cargo.lock")).unwrap());
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    corpus.push(program[..program.len().min(1 << 20)].to_vec());
    for text in corpus {
        let shown = mask(&masker, text.chunks(60_000));
        assert!(shown == text, "{}", String::from_utf8_lossy(&text[..text.len().min(200)]));
    }
}

/// A line that ends no run that could go on.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,60}[.;]",
        "[0-9a-f]{8,80}[.;]",
        "[A-Za-z0-9+/]{10,120}=",
        r#"(\\"|\\u00[0-9a-f]{2}|%[0-9A-F]{2}|&amp;|[a-z ]{1,9}){1,12}[.;]"#,
    ]
}

/// Values of text, and what can stand around them.
fn values() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{16,60}", "[a-zA-Z0-9+/_-]{16,80}", "[ -~\u{e4}\u{f6}\u{1f511}\n]{16,40}"]
        .prop_map(|value| value.trim().to_owned())
        .prop_filter("long enough", |value| value.len() >= 16)
}

proptest! {
    #[test]
    fn chains_of_two_writings_hide_nothing_and_cuts_change_nothing(
        value in values(),
        chain in prop::collection::vec(select(WRITERS.to_vec()), 0..=2),
        before in "[ -%'-;=?@A-Z^-z|]{0,20}[ <]",
        after in "[> ][ -%'-;=?@A-Z^-z|]{0,20}",
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let masker = masker(&[&value]);
        // Forms are read where a value has spaces.
        let is_form = |(name, _): &Writer| *name == "form";
        prop_assume!(value.contains(' ') || !chain.iter().any(is_form));
        let written = chain.iter().fold(value.clone().into_bytes(), |text, (_, write)| write(&text));
        let text = [before.as_bytes(), &written, after.as_bytes()].concat();
        let shown = mask(&masker, [&text[..]]);
        let names: Vec<_> = chain.iter().map(|(name, _)| name).collect();
        let say = || format!("{names:?}: {} -> {}", String::from_utf8_lossy(&text), String::from_utf8_lossy(&shown));
        prop_assert_eq!(mask(&masker, chunks(&text, &cuts)), &shown[..], "cut: {}", say());
        prop_assert_eq!(mask(&masker, text.chunks(1)), &shown[..], "byte by byte: {}", say());
        let label = b"[authy:a]";
        prop_assert!(shown.windows(label.len()).any(|part| part == label), "{}", say());
        prop_assert!(shown.len() <= before.len() + after.len() + label.len(), "{}", say());
    }

}

proptest! {
    // Much text, and not optimized: few of them.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_value_is_found_in_the_middle_of_much_else(
        value in values(),
        chain in prop::collection::vec(select(WRITERS.to_vec()), 0..=2),
        lines in prop::collection::vec(line(), 20..60),
        at in any::<Index>(),
        times in select(vec![1, 3, 12, 40]),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let is_form = |(name, _): &Writer| *name == "form";
        prop_assume!(value.contains(' ') || !chain.iter().any(is_form));
        let masker = masker(&[&value]);
        let written = chain.iter().fold(value.clone().into_bytes(), |text, (_, write)| write(&text));
        let plain: Vec<_> = std::iter::repeat_n(lines, times).flatten().map(|line| line + "\n").collect();
        let (before, after) = plain.split_at(at.index(plain.len()));
        let (before, after) = (before.concat(), after.concat());
        let text = [before.as_bytes(), b"<", &written, b">", after.as_bytes()].concat();
        let shown = mask(&masker, [&text[..]]);
        let names: Vec<_> = chain.iter().map(|(name, _)| name).collect();
        let is_there = shown.windows(9).any(|part| part == b"[authy:a]");
        let say = || format!("{names:?}: {:?} as {}", value, String::from_utf8_lossy(&written));
        prop_assert!(is_there && shown.len() < before.len() + after.len() + 14, "{}", say());
        prop_assert!(shown.starts_with(before.as_bytes()) && shown.ends_with(after.as_bytes()), "{}", say());
        prop_assert_eq!(&mask(&masker, chunks(&text, &cuts)), &shown, "cut: {}", say());
        prop_assert_eq!(&mask(&masker, text.chunks(700)), &shown, "in pieces: {}", say());
    }

}

proptest! {
    #[test]
    fn what_has_no_value_in_it_passes_unharmed_however_it_is_cut(
        text in "([ -~\n]{0,40}|[0-9a-f: ]{0,60}|[A-Za-z0-9+/=\n]{0,80}|(\\\\u00[0-9a-f]{2}|%[0-9A-F]{2}|&#x[0-9a-f]{2};|&amp;){0,9}){0,8}",
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let masker = masker(&["one value of some length\u{1}", "\u{2}and \"another\"", "\u{3}{\"k\": 'v'}\n\u{3}----------------\n"]);
        prop_assert_eq!(mask(&masker, chunks(text.as_bytes(), &cuts)), text.as_bytes());
        prop_assert_eq!(mask(&masker, text.as_bytes().chunks(1)), text.as_bytes());
    }
}

#[test]
fn short_lines_of_a_value_are_known_with_what_stands_before_them() {
    let value = "machine host1\nlogin bobby\npassword h7-Qz";
    let lines = |margin: &str| value.replace('\n', &format!("\n{margin}"));
    for margin in ["    ", "\t", "web-1  | ", "+", "> ", "  # "] {
        let text = format!("x:\n{margin}{}\nend\n", lines(margin));
        assert_masked(value, &text, &format!("x:\n{margin}[authy:a]\nend\n"));
    }
    assert_masked(value, "machine host1\n  login alice\n", "machine host1\n  login alice\n");
    // The last line of a key, and its lines alone.
    let key = "-----BEGIN KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgw\nMSg=\n-----END KEY-----";
    let indented = format!("key: |\n  {}\n", key.replace('\n', "\n  "));
    assert_masked(key, &indented, "key: |\n  [authy:a]\n");
    assert_masked(key, "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwMSg=", "[authy:a]");
    // Lines that are indented themselves.
    let yaml = "a:\n  - b: 1\n  - c";
    assert_masked(yaml, "d:\n  a:\n    - b: 1\n    - c\n", "d:\n  [authy:a]\n");
    assert_masked(yaml, yaml, "[authy:a]");
}

#[test]
fn a_long_line_that_yaml_folds_is_known() {
    let value = "abandon ability able about above absent absorb abstract absurd abuse access";
    let text = "k: abandon ability able about above\n  absent absorb abstract absurd abuse\n  access\nl: 1\n";
    assert_masked(value, text, "k: [authy:a]\nl: 1\n");
}

#[test]
fn base64_in_a_difference_is_one_text() {
    let value = "0123456789 the value of some length, in base64 of several lines 0123456789";
    let text = data_encoding::BASE64.encode(value.as_bytes());
    for mark in ["+", "-"] {
        let lines: Vec<_> =
            text.as_bytes().chunks(24).map(|line| String::from_utf8_lossy(line)).collect();
        let lines = format!("{mark}{}\n", lines.join(&format!("\n{mark}")));
        assert_masked(value, &lines, &format!("{mark}[authy:a]\n"));
        let patch = format!("@@ -1,4 +1,4 @@\n{lines} end\n");
        assert_masked(value, &patch, &format!("@@ -1,4 +1,4 @@\n{mark}[authy:a]\n end\n"));
    }
}

#[test]
fn rarer_ways_to_write_bytes_are_known() {
    let value = "sk_live_4eC39HqLyjWDarjt";
    let coloured = "sk_\u{1b}[31mlive\u{1b}(B\u{1b}[m_4eC39HqLyjWDarjt";
    assert_masked(value, coloured, "[authy:a]");
    let value = "it's ''quoted'' o'k";
    assert_masked(value, r#"v='it'"'"'s '"''"'quoted'"''"' o'"'"'k'"#, "v='[authy:a]'");
    let value = "esc\u{1b}[31mred\u{1}\u{7f}ok";
    assert_masked(value, r"esc\e[31mred\1\177ok", "[authy:a]");
    assert_masked("a\u{1}b\u{0}c8d\u{2}", r"<a\1b\0c8d\2>", "<[authy:a]>");
    // Names in a document are parts of it as well.
    let json = r#"{"sk_live_keyname_0123456789abcdef": 1}"#;
    assert_masked(json, "x sk_live_keyname_0123456789abcdef", "x [authy:a]");
}

#[test]
fn colours_without_any_text_take_no_memory() {
    let masker = masker(&["sk_live_4eC39HqLyjWDarjt"]);
    let mut stream = masker.stream(|_| ());
    let mut out = Vec::new();
    for _ in 0..1000 {
        stream.push("\u{1b}[m".repeat(1000).as_bytes(), &mut out);
        assert!(stream.held() < 16 << 10, "{}", stream.held());
    }
}
