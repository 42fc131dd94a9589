//! Formats against their readers: real shells, and parsers where the reader is no shell.
//!
//! What needs a shell that is not installed is left out.

use crate::kind::Failure as _;
use std::fs;

use proptest::prelude::*;

use super::{Dotenv, Format, Reader, render};
use crate::inject::environment::Environment;
use crate::inject::naming::Naming;
use crate::kind::Kind;
use crate::name::SecretName;
use crate::secret::SecretBytes;
use crate::skipped::{command, needs};

const DOTENV: Format = Format::Dotenv(Dotenv { reader: Reader::Common, multiline: true });

fn environment(values: &[Vec<u8>]) -> Environment {
    let secrets = values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            (SecretName::parse(&format!("t{i}")).unwrap(), SecretBytes::new(value.clone()))
        })
        .collect();
    Environment::from_secrets(secrets, &Naming::default()).unwrap()
}

/// Runs `shell` on a script and returns the variables `t0`, `t1`… that its child sees.
fn seen_by_a_child(shell: &[&str], script: &[&[u8]], count: usize) -> Vec<Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("script");
    fs::write(&path, script.concat()).unwrap();
    let output = command(shell[0])
        .args(&shell[1..])
        .arg(&path)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", dir.path())
        .output()
        .unwrap_or_else(|error| panic!("{} is needed for this test: {error}", shell[0]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let find = |i: usize| {
        let start = format!("t{i}=");
        let entry = output.stdout.split(|&b| b == 0).find(|e| e.starts_with(start.as_bytes()));
        entry.unwrap_or_else(|| panic!("t{i} is not exported"))[start.len()..].to_vec()
    };
    (0..count).map(find).collect()
}

fn nasty() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "'",
        "''",
        "\"",
        "\\",
        "\\'",
        "$HOME",
        "${HOME}",
        "$(echo x)",
        "`echo x`",
        "!x",
        "~",
        "a b",
        " ",
        "\n",
        "a\nb\n",
        "\r\n",
        "\t",
        "*",
        "#c",
        "-n",
        "'\"\\$()`\n'",
        "\u{f600}",
        "‘’“”",
        "%s\\x41\\u0041\\0",
        ";exit 3",
        "\x1b[31m",
        "é",
        "\\\\",
        "|&<>()[]{}?=^%",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
    all.push(b"\xff\xfe'\\\x80\xc3".to_vec());
    all.push((1..=255).collect());
    all
}

fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let special = prop::sample::select(b"'\"\\$`!{}()\n\r\t #~;&|<>*?[]=-%^ax0".to_vec());
    let value = prop_oneof![
        prop::collection::vec(1..=255u8, 0..24),
        prop::collection::vec(special, 0..12),
        "[^\0]{0,12}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(value, 1..40)
}

fn few() -> ProptestConfig {
    ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() }
}

fn posix_round_trip(shell: &[&str], values: &[Vec<u8>]) {
    if !needs([shell[0]]) {
        return;
    }
    let environment = environment(values);
    let exported = render(&environment, Format::Shell, true).unwrap();
    let script: [&[u8]; 2] = [exported.expose(), b"exec env -0\n"];
    assert_eq!(seen_by_a_child(shell, &script, values.len()), values);
    let plain = render(&environment, Format::Shell, false).unwrap();
    let script: [&[u8]; 4] = [b"set -a\n", plain.expose(), b"set +a\n", b"exec env -0\n"];
    assert_eq!(seen_by_a_child(shell, &script, values.len()), values);
}

fn fish_round_trip(values: &[Vec<u8>]) {
    if !needs(["fish"]) {
        return;
    }
    let exported = render(&environment(values), Format::Fish, true).unwrap();
    let script: [&[u8]; 2] = [exported.expose(), b"exec env -0\n"];
    assert_eq!(seen_by_a_child(&["fish", "--no-config"], &script, values.len()), values);
}

#[test]
fn nasty_values_survive_every_shell() {
    for shell in [&["sh"][..], &["bash", "--norc"], &["bash", "--posix"], &["zsh", "-f"]] {
        posix_round_trip(shell, &nasty());
    }
    fish_round_trip(&nasty());
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn any_value_survives_sh(values in values()) {
        posix_round_trip(&["sh"], &values);
    }

    #[test]
    fn any_value_survives_bash(values in values()) {
        posix_round_trip(&["bash", "--norc"], &values);
    }

    #[test]
    fn any_value_survives_zsh(values in values()) {
        posix_round_trip(&["zsh", "-f"], &values);
    }

    #[test]
    fn any_value_survives_fish(values in values()) {
        fish_round_trip(&values);
    }

    #[test]
    fn a_dotenv_file_reads_back_in_sh_or_is_not_written(mut values in values()) {
        values.retain(|value| {
            let result = render(&environment(std::slice::from_ref(value)), DOTENV, true);
            result.map_err(|error| assert_eq!(error.kind(), Kind::Usage)).is_ok()
        });
        let written = render(&environment(&values), DOTENV, true).unwrap();
        let script: [&[u8]; 4] = [b"set -a\n", written.expose(), b"set +a\n", b"exec env -0\n"];
        prop_assert_eq!(seen_by_a_child(&["sh"], &script, values.len()), values);
    }
}

proptest! {
    #[test]
    fn any_text_survives_json(values in prop::collection::vec("[^\0]{0,20}", 0..8)) {
        let bytes: Vec<_> = values.iter().map(|v| v.clone().into_bytes()).collect();
        let written = render(&environment(&bytes), Format::Json, true).unwrap();
        let read: std::collections::BTreeMap<String, String> =
            serde_json::from_slice(written.expose()).unwrap();
        prop_assert_eq!(read.len(), values.len());
        for (i, value) in values.iter().enumerate() {
            prop_assert_eq!(&read[&format!("t{i}")], value);
        }
    }

    #[test]
    fn any_text_survives_the_github_heredoc(values in prop::collection::vec("[^\0]{0,20}|(t0<<[a\n]{0,4})", 0..8)) {
        let bytes: Vec<_> = values.iter().map(|v| v.clone().into_bytes()).collect();
        let written = render(&environment(&bytes), Format::Github, true).unwrap();
        let mut rest = written.expose_str().unwrap();
        for (i, value) in values.iter().enumerate() {
            let (head, body) = rest.split_once('\n').unwrap();
            let delimiter = head.strip_prefix(&format!("t{i}<<")).unwrap();
            prop_assert!(!value.contains(delimiter));
            let (read, after) = body.split_once(&format!("\n{delimiter}\n")).unwrap();
            prop_assert_eq!(read, value);
            rest = after;
        }
        prop_assert_eq!(rest, "");
    }
}

#[test]
fn an_empty_environment_is_an_empty_file_or_an_empty_object() {
    let none = Environment::default();
    for format in [Format::Shell, DOTENV, Format::Fish, Format::Powershell, Format::Github] {
        assert!(render(&none, format, true).unwrap().is_empty(), "{format:?}");
    }
    assert_eq!(render(&none, Format::Json, true).unwrap().expose(), b"{}\n");
}

#[test]
fn lines_look_as_the_manual_shows() {
    let one = environment(&[b"it's".to_vec()]);
    let text =
        |format, export| render(&one, format, export).unwrap().expose_str().unwrap().to_owned();
    assert_eq!(text(Format::Shell, true), "export t0='it'\\''s'\n");
    assert_eq!(text(Format::Shell, false), "t0='it'\\''s'\n");
    assert_eq!(text(Format::Fish, true), "set -gx t0 'it\\'s'\n");
    assert_eq!(text(Format::Fish, false), "set -g t0 'it\\'s'\n");
    assert_eq!(text(Format::Json, true), "{\n  \"t0\": \"it's\"\n}\n");
}

#[test]
fn bytes_that_are_no_text_are_refused_where_the_format_is_text() {
    let bytes = environment(&[b"hunter2\xff".to_vec()]);
    for format in [Format::Json, DOTENV, Format::Powershell, Format::Github] {
        let error = render(&bytes, format, true).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.to_string().contains("secret 't0'"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn yaml_and_a_manifest_come_back_from_a_parser() {
    let texts: Vec<Vec<u8>> =
        nasty().into_iter().filter(|value| std::str::from_utf8(value).is_ok()).collect();
    let mut values = texts;
    for text in ["no", "0123", "~", "null", "a: b", "# x", "\u{85}\u{2028}\u{2029}\u{feff}", "- x"]
    {
        values.push(text.into());
    }
    let environment = environment(&values);
    let yaml = render(&environment, Format::Yaml, true).unwrap();
    let read: std::collections::BTreeMap<String, String> =
        serde_yaml::from_slice(yaml.expose()).unwrap();
    let manifest = super::k8s::manifest(&environment, "_a_b-");
    let object: serde_yaml::Value = serde_yaml::from_slice(manifest.expose()).unwrap();
    assert_eq!(object["metadata"]["name"], "a-b");
    for (i, value) in values.iter().enumerate() {
        assert_eq!(read[&format!("t{i}")].as_bytes(), value.as_slice(), "{i}");
        let text = object["data"][format!("t{i}")].as_str().unwrap();
        assert_eq!(&data_encoding::BASE64.decode(text.as_bytes()).unwrap(), value);
    }
}
