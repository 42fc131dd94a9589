//! Two thousand random and a hundred nasty values through `env` and `export` in each format, and
//! back out of the real shell or a parser that is not ours, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::harness::{Sandbox, needs};
use crate::skipped::with_modules;

type Values = BTreeMap<String, String>;

/// What people have in values, and what breaks quoting.
const NASTY: [&str; 100] = [
    "",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    "\x01",
    "\x07\x08",
    "\x0b\x0c",
    "\x1b[31m",
    "\x1b]0;x\x07",
    "\x7f",
    "'",
    "''",
    "'''",
    "\"",
    "\"\"",
    "'\"'",
    "`",
    "``",
    "\\",
    "\\\\",
    "\\\\\\",
    "\\'",
    "'\\",
    "\\\"",
    "\\n",
    "\\0",
    "\\u0041",
    "\\x41",
    "$",
    "$$",
    "$HOME",
    "${HOME}",
    "$(id)",
    "`id`",
    "$((1+1))",
    "${x:-y}",
    "$'x'",
    "$\"x\"",
    "!",
    "!!",
    "!$",
    "^a^b",
    "~",
    "~root",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "{1..9}",
    "#",
    "# c",
    "a #c",
    "a#c",
    ";",
    "; id",
    "&",
    "&& id",
    "||",
    "| id",
    ">",
    "> pwned",
    "<<EOF",
    "<(id)",
    "()",
    "(id)",
    "=",
    "=a",
    "a=b",
    "%",
    "%s%n",
    "%PATH%",
    "@",
    "@{x}",
    "-n",
    "--",
    "- x",
    ": x",
    "a: b",
    "no",
    "null",
    "0123",
    "1e3",
    "---",
    "...",
    "EOF\nEOF",
    "<x>&amp;",
    "\u{2018}x\u{2019}\u{201a}\u{201b}",
    "\u{201c}x\u{201d}",
    "\u{feff}x",
    "\u{2028}\u{2029}\u{85}",
    "\u{202e}x",
    "é",
    "e\u{301}",
    "漢字",
    "🦀👩‍👩‍👧",
    "\u{f6ab}\u{fdd0}",
];
const RANDOM: usize = 2000;
const SPECIAL: &str = "'\"\\$`!{}()[]<>|&;:,.*?~#%^=+-@_/ \n\r\t\x01\x1b\x7faZ09é漢🦀\u{2018}\u{2019}\u{2028}\u{feff}\u{f601}";

/// The same values in every run: a failure can be looked at again.
fn values() -> Values {
    let special: Vec<char> = SPECIAL.chars().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        // xorshift64*, Vigna 2014.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        u32::try_from((state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below).unwrap()
    };
    let mut all: Vec<String> = NASTY.map(str::to_owned).to_vec();
    while all.len() < NASTY.len() + RANDOM {
        let length = draw(24);
        let mut one = String::new();
        for _ in 0..length {
            match draw(3) {
                0 => one.extend(char::from_u32(1 + draw(0x7e))),
                1 => one.extend(char::from_u32(1 + draw(0x2_fffe))),
                _ => one.push(special[draw(special.len() as u64) as usize]),
            }
        }
        all.push(one);
    }
    // `p` for those that a .env file can hold in every reader's eyes, `t` for the others.
    let name = |at: usize, value: &str| {
        let is_plain = !value.contains(['\'', '\\', '\r', '$']);
        format!("{}{at}", if is_plain { 'p' } else { 't' })
    };
    all.into_iter().enumerate().map(|(at, value)| (name(at, &value), value)).collect()
}

/// A vault with all of the values, moved in by one import.
fn stocked() -> (Sandbox, Values) {
    let t = Sandbox::new();
    let values = values();
    t.write("all.json", serde_json::to_vec(&values).unwrap());
    t.authy(["import", "all.json", "-q"]).ok();
    t.policy("all", ["*"]);
    (t, values)
}

/// Compares what a reader saw, `NAME=value` with a NUL behind each, and says which differ.
fn same(reader: &str, seen: &[u8], expected: &Values) {
    let seen: BTreeMap<&[u8], &[u8]> = seen
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            let at = entry.iter().position(|byte| *byte == b'=')?;
            Some((&entry[..at], &entry[at + 1..]))
        })
        .collect();
    let mut wrong = String::new();
    for (name, value) in expected {
        let found = seen.get(name.as_bytes());
        if found != Some(&value.as_bytes()) {
            let found = found.map(|found| String::from_utf8_lossy(found));
            let _ = writeln!(wrong, "{name}: {value:?} came back as {found:?}");
        }
    }
    assert!(wrong.is_empty(), "{reader}:\n{wrong}");
}

#[test]
fn every_shell_reads_every_value_back() {
    let (t, values) = stocked();
    let posix = "eval \"$(authy env --scope all)\"; exec env -0";
    let set = "set -a; eval \"$(authy env --scope all --no-export)\"; set +a; exec env -0";
    let fish = "authy env --scope all --format fish | source; exec env -0";
    for (shell, words, script) in [
        ("sh", &["-c"][..], posix),
        ("sh", &["-euc"], set),
        ("bash", &["--norc", "-c"], posix),
        ("bash", &["--posix", "-euc"], set),
        ("zsh", &["-fc"], posix),
        ("zsh", &["-fec"], set),
        ("fish", &["--no-config", "-c"], fish),
    ] {
        if needs([shell]) {
            let all = [words, &[script]].concat();
            let done = t.program(shell, all).env("LC_ALL", "C.UTF-8").ok().stderr_is_empty();
            same(shell, &done.stdout, &values);
        }
    }
    assert!(!t.work().join("pwned").exists(), "a value ran as code");
}

/// What each reader below begins with: the text, and a way to print what was read.
const OUT: &str = "import sys, io, json, base64
raw = sys.stdin.buffer.read().decode()
def out(d):
  for k, v in d.items(): sys.stdout.buffer.write((k + '=' + v + '\\0').encode())
";
const DOTENV: &str =
    "import dotenv; out(dotenv.dotenv_values(stream=io.StringIO(raw, newline='')))";
const K8S: &str = "import yaml
for k, v in yaml.safe_load(raw)['data'].items():
  sys.stdout.buffer.write((k + '=').encode() + base64.b64decode(v) + b'\\0')";
/// The runner's files of variables: `NAME<<DELIMITER`, lines, the delimiter.
const GITHUB: &str = "lines, found, at = raw.split('\\n'), {}, 0
while at < len(lines) and lines[at]:
  name, delimiter = lines[at].split('<<', 1)
  end = lines.index(delimiter, at + 1)
  found[name] = '\\n'.join(lines[at + 1:end])
  at = end + 1
assert at == len(lines) - 1
out(found)";

#[test]
fn parsers_read_every_value_back() {
    let (t, values) = stocked();
    let Some(python) = with_modules(["yaml", "dotenv"]) else { return };
    let mut plain = values.clone();
    plain.retain(|name, _| name.starts_with('p'));
    assert!(plain.len() > 500, "{}", plain.len());
    for (format, more, reader, expected) in [
        ("json", &[][..], "out(json.loads(raw))", &values),
        ("yaml", &[], "import yaml; out(yaml.safe_load(raw))", &values),
        ("github", &[], GITHUB, &values),
        ("k8s", &[], K8S, &values),
        ("dotenv", &["--multiline", "--only", "p*"], DOTENV, &plain),
    ] {
        let command = if format == "k8s" { "export" } else { "env" };
        let words = [&[command, "--scope", "all", "--format", format], more].concat();
        let text = t.authy(words).ok().stdout;
        let script = format!("{OUT}{reader}\n");
        let done = t.program(&python, ["-c", &script]).stdin(text).ok();
        same(format, &done.stdout, expected);
    }
    let sourced =
        "set -a; authy env --scope all --only 'p*' --multiline > .env; . ./.env; exec env -0";
    same("sh with a .env file", &t.sh(sourced).ok().stdout, &plain);
}

#[test]
fn powershell_would_read_every_value_back() {
    let (t, values) = stocked();
    let text = t.authy(["env", "--scope", "all", "--format", "powershell"]).ok().text();
    let mut seen = Vec::new();
    // No expression holds a line break, so lines are statements.
    for line in text.split_terminator('\n') {
        let (name, expression) = line.strip_prefix("$env:").unwrap().split_once(" = ").unwrap();
        seen.extend_from_slice(name.as_bytes());
        seen.push(b'=');
        seen.extend_from_slice(powershell(expression).as_bytes());
        seen.push(0);
    }
    same("powershell", &seen, &values);
}

/// Evaluates a sum of PowerShell's strings, by about_Quoting_Rules of its manual.
fn powershell(expression: &str) -> String {
    let is_single = |c: char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    let (mut value, mut rest) = (String::new(), expression.chars().peekable());
    loop {
        match rest.next() {
            Some(open) if is_single(open) => {
                while let Some(c) = rest.next() {
                    // One alone ends the text, two are one.
                    if is_single(c) && rest.next_if(|next| is_single(*next)).is_none() {
                        break;
                    }
                    value.push(c);
                }
            }
            Some('"') => loop {
                match (rest.next().unwrap(), rest.peek()) {
                    ('"', _) => break,
                    ('`', Some('n')) => value.push('\n'),
                    ('`', Some('r')) => value.push('\r'),
                    other => panic!("{other:?} in {expression:?}"),
                }
                rest.next();
            },
            other => panic!("{other:?} in {expression:?}"),
        }
        match rest.by_ref().take(3).collect::<String>().as_str() {
            "" => return value,
            " + " => {}
            other => panic!("{other:?} in {expression:?}"),
        }
    }
}
