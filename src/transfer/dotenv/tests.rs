//! Every style of quoting, and what the parsers that people use make of it.

use std::io::Write as _;
use std::process::Stdio;

use super::parse;
use crate::secret::SecretBytes;
use crate::skipped::{command, needs, with_modules};
use proptest::prelude::*;

fn read(text: &str) -> Result<Vec<(String, String)>, String> {
    let found = parse(&SecretBytes::new(text.into())).map_err(|error| error.to_string())?;
    let pair = |found: super::Found| {
        let value = found.value.unwrap();
        (found.name, String::from_utf8_lossy(value.expose()).into_owned())
    };
    Ok(found.into_iter().map(pair).collect())
}

/// Each line and its value. Where a line is not marked as doubtful, dotenv for Node (18.0,
/// by hand), Ruby and Python (in the test below) read the same.
const CORPUS: [(&str, &str); 44] = [
    ("A=b", "b"),
    ("A= b ", "b"),
    ("A = b", "b"),
    ("export A=b", "b"),
    ("  export  A=b", "b"),
    ("A=", ""),
    ("A=''", ""),
    ("A=\"\"", ""),
    ("A=b # c", "b"),
    ("A=b#c", "b#c"),
    ("A=#c", ""),
    ("A='b # c'", "b # c"),
    ("A=\"b # c\" # d", "b # c"),
    ("A='b' # d", "b"),
    ("A='it\"s'", "it\"s"),
    ("A=\"it's\"", "it's"),
    ("A=`it's \"x\"`", "it's \"x\""),
    ("A=\"a\\nb\"", "a\nb"),
    ("A='a\\nb'", "a\\nb"),
    ("A=a\\nb", "a\\nb"),
    ("A=\"a\\tb\\\"c\\\\d\"", "a\tb\"c\\d"),
    ("A=\"a\\xb\"", "a\\xb"),
    ("A=\"one\ntwo\"", "one\ntwo"),
    ("A='one\ntwo'", "one\ntwo"),
    ("A=$HOME", "$HOME"),
    ("A=\"${HOME}\"", "${HOME}"),
    ("A='$HOME'", "$HOME"),
    ("A=a=b=c", "a=b=c"),
    ("A=a b c", "a b c"),
    ("A=b\r", "b"),
    ("A=it's", "it's"),
    ("A={\"x\": 1}", "{\"x\": 1}"),
    ("A=postgres://u:p@h/db?x=1&y=2", "postgres://u:p@h/db?x=1&y=2"),
    ("A='  spaces  '", "  spaces  "),
    ("A=\"  spaces  \"", "  spaces  "),
    ("A=a'b'c", "a'b'c"),
    ("A=a\"b\"c", "a\"b\"c"),
    ("A='é 漢字 🦀'", "é 漢字 🦀"),
    ("A=é", "é"),
    ("A=!@%^&*()_+-[]{}|;:,.<>/?~", "!@%^&*()_+-[]{}|;:,.<>/?~"),
    ("A=YWJjZA==", "YWJjZA=="),
    ("A=-----BEGIN", "-----BEGIN"),
    ("A='-----BEGIN\nx==\n-----END'", "-----BEGIN\nx==\n-----END"),
    ("export  A = 'b'", "b"),
];

/// A file with the line, and one behind it.
fn file(line: &str) -> String {
    format!("# first\n\n{line}\nB=after\n")
}

#[test]
fn every_style_of_quoting_is_read() {
    for (line, value) in CORPUS {
        let expected = vec![("A".to_owned(), value.to_owned()), ("B".into(), "after".into())];
        assert_eq!(read(&file(line)), Ok(expected), "{line:?}");
    }
    assert_eq!(read("\u{feff}A=b\r\nB=c\r\n").unwrap().len(), 2);
    assert_eq!(read("A.b-c_1=x").unwrap()[0].0, "A.b-c_1");
    assert_eq!(read("").unwrap(), []);
}

/// Reads each file with another program, which prints the values of A with a NUL behind
/// each. The files come in the same way.
fn read_by(program: &[&str], files: &[String]) -> Vec<String> {
    let mut child = command(program[0])
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes: Vec<u8> = files.iter().flat_map(|file| format!("{file}\0").into_bytes()).collect();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn the_reference_parsers_read_the_same_or_the_value_is_doubtful() {
    const PYTHON: &str = "import sys, io, dotenv\nfor f in sys.stdin.buffer.read().decode().split('\\0')[:-1]:\n  sys.stdout.buffer.write((dotenv.dotenv_values(stream=io.StringIO(f, newline=''), interpolate=False)['A'] + '\\0').encode())";
    const RUBY: &str = "require 'dotenv'; Dotenv::Parser.substitutions.clear\nSTDIN.binmode.read.force_encoding('UTF-8').split(\"\\0\").each { |f| print Dotenv::Parser.call(f)['A'], \"\\0\" }";
    let Some(python) = with_modules(["dotenv"]) else { return };
    // Ruby's knows no values over several lines.
    let one_line = |line: &&(&str, &str)| !line.0.contains('\n');
    let all: Vec<_> = CORPUS.iter().collect();
    let lines: Vec<_> = CORPUS.iter().filter(one_line).collect();
    let mut readers = vec![(vec![python.as_str(), "-c", PYTHON], all)];
    if needs(["ruby"]) {
        readers.push((vec!["ruby", "-e", RUBY], lines));
    }
    for (program, corpus) in readers {
        let files: Vec<_> = corpus.iter().map(|(line, _)| file(line)).collect();
        let theirs = read_by(&program, &files);
        assert_eq!(theirs.len(), corpus.len());
        for ((line, ours), theirs) in corpus.iter().zip(theirs) {
            let found = parse(&SecretBytes::new(file(line).into())).unwrap();
            let agree = *ours == theirs;
            assert!(agree || found[0].doubt.is_some(), "{}: {line:?}: {theirs:?}", program[0]);
        }
    }
}

#[test]
fn what_is_no_dotenv_is_refused_with_its_line_and_without_the_value() {
    for (text, line) in [
        ("A=b\nhunter2\n", 2),
        ("A='hunter2\nB=c\n", 1),
        ("A=b\n\n1A=hunter2", 3),
        ("A=\"x\" hunter2", 1),
        ("=hunter2", 1),
        ("A: hunter2", 1),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(&format!("line {line} ")), "{text:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Z=\"'`\\\\\n# $a-z]{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn quoted_values_come_back(value in "[^'\\x00]{0,40}") {
        prop_assert_eq!(&read(&format!("A='{value}'")).unwrap()[0].1, &value);
    }
}
