//! Values are found where they lie, however they are written, and nothing else is.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::search::Search;
use super::super::writers::{WRITERS, Writer};
use super::named;

fn found<V: AsRef<[u8]>>(values: &[V], text: &[u8]) -> Vec<(String, Range<usize>)> {
    let mut all = Vec::new();
    Search::new(&named(values)).find(text, |name, place| all.push((name.to_string(), place)));
    all
}

#[test]
fn a_place_is_that_of_the_written_value() {
    let text = b"first line\nDB=hunter2-hunter2-longer # x\n";
    assert_eq!(found(&["hunter2-hunter2-longer"], text), [("a".to_owned(), 14..36)]);
    let text = format!("{}\n{}", "x".repeat(70_000), "user:cGFzc3dvcmQtb2YtdGhlLWRiLTE3\n");
    assert_eq!(
        found(&["password-of-the-db-17"], text.as_bytes()),
        [("a".to_owned(), 70_006..70_034)]
    );
}

#[test]
fn values_of_few_letters_in_a_row_are_found_as_programs_write_them() {
    for (value, written) in [
        ("Straße-Größe", "{\"v\": \"Stra\\u00dfe-Gr\\u00f6\\u00dfe\"}"),
        ("passwort-café-x", "{\"v\":\"passwort-caf\\u00E9-x\"}"),
        ("it's quoted 'n all", "it&#x27;s quoted &#x27;n all"),
        ("it's quoted 'n all", "+ echo 'it'\\''s quoted '\\''n all'"),
        ("it's quoted 'n all", "'it'\"'\"'s quoted '\"'\"'n all'"),
        ("it's \"quoted\" 'n all", "'it\\'s \"quoted\" \\'n all'"),
        ("?|']+]^'~\"/;%* <_\")~", "?|']+]^'~\\\"/;%* \\u003c_\\\")~"),
        ("Tr0ub4dor&3$x", "declare -- v=\"Tr0ub4dor&3\\$x\""),
        ("p@ss:w0rd!", "70:40:73:73:3A:77:30:72:64:21"),
        ("key🔑🔒secret🗝️pass", "key\\ud83d\\udd11\\ud83d\\udd12secret\\ud83d\\udddd\\ufe0fpass"),
    ] {
        assert_eq!(found(&[value], written.as_bytes()).len(), 1, "{written}");
    }
}

#[test]
fn short_values_are_not_searched_for() {
    assert_eq!(found(&["seven77"], b"seven77 seven77"), []);
    assert_eq!(found(&["eight888"], b"x eight888"), [("a".to_owned(), 2..10)]);
}

#[test]
fn lines_of_a_key_are_found_by_themselves() {
    let line = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt";
    let key = format!("-----BEGIN KEY-----\n{line}\n{}\n-----END KEY-----\n", line.to_lowercase());
    let text = format!("key: |\n    {line}\n");
    assert_eq!(found(&[key.as_str()], text.as_bytes()), [("a".to_owned(), 11..79)]);
    assert_eq!(found(&[key.as_str()], key.as_bytes()).len(), 1);
}

/// Ways that leave letters and digits as they are or write all alike: those that break lines are
/// tried with lines as long as programs make them.
fn writers() -> Vec<Writer> {
    WRITERS.into_iter().filter(|(name, _)| *name != "base64 -w20, indented").collect()
}

fn assert_found(value: &str, written: &[u8], before: usize, what: &str) {
    let filler: Vec<u8> =
        b"lorem ipsum 0123 {\"k\": 1}\n".iter().copied().cycle().take(before).collect();
    let text = [&filler[..], b"<", written, b">\n", &filler].concat();
    let all = found(&[value, "another-value-0123456789abcdef"], &text);
    assert_eq!(all.len(), 1, "{what}: {:?}", String::from_utf8_lossy(written));
    let place = all[0].1.clone();
    // Base64 in the middle of a text shares its last letters.
    assert!(place.start >= before && place.end <= before + written.len() + 2, "{what}: {place:?}");
}

proptest! {
    // Each makes a search of its own ready, which takes a while without optimization.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]
    #[test]
    fn a_value_with_letters_in_a_row_is_found_in_any_two_writings(
        head in "[!-$&-~]{0,9}", core in "[a-zA-Z0-9]{12,40}", tail in "[!-$&-~]{0,9}",
        first in select(writers()), second in select(writers()), before in 0_usize..9000,
    ) {
        let value = format!("{head}{core}{tail}");
        let once = first.1(value.as_bytes());
        assert_found(&value, &once, before, first.0);
        // Each byte by its number, or in rows and groups, is looked for once.
        let is_alone = |(name, _): &Writer| {
            ["all", "each", "number", "pairs", "xxd"].iter().any(|word| name.contains(word))
        };
        if !is_alone(&first) && !is_alone(&second) {
            let twice = second.1(&once);
            assert_found(&value, &twice, before, &format!("{} in {}", first.0, second.0));
        }
    }

    #[test]
    fn any_value_is_found_as_programs_write_it(
        value in "[!-$&-~]{8,24}", writer in select(writers()), before in 0_usize..9000,
    ) {
        assert_found(&value, &writer.1(value.as_bytes()), before, writer.0);
    }

    #[test]
    fn what_has_no_value_has_none(text in prop::collection::vec(any::<u8>(), 0..4000), at in any::<Index>()) {
        let value = "Tr0ub4dor-and-3-horses";
        prop_assert_eq!(found(&[value], &text), []);
        // All but its last letter is none.
        let cut = [&text[..at.index(text.len() + 1)], &value.as_bytes()[..21]].concat();
        prop_assert_eq!(found(&[value], &cut), []);
    }
}
