//! What `env` prints is read back by real shells, byte for byte, and nothing in it runs.

use crate::harness::{Sandbox, needs};

const NASTY: [(&str, &[u8]); 22] = [
    ("single", b"it's 'quoted'"),
    ("double", b"say \"hi\""),
    ("dollar", b"$HOME ${HOME} $(touch pwned) $((1+1))"),
    ("backtick", b"`touch pwned`"),
    ("backslash", b"a\\b\\\\c\\n\\'\\"),
    ("newline", b"one\ntwo\n\nthree"),
    ("trailing", b"ends with newlines\n\n"),
    ("only-newline", b"\n"),
    ("tab", b"a\tb\rc\x0bd\x0ce"),
    ("bang", b"hi!ho !! !$ ^a^b"),
    ("globs", b"* ? [a-z] {a,b} ~ ~root"),
    ("operators", b"; touch pwned & | > pwned < x && # comment"),
    ("dashes", b"-n -e --"),
    ("equals", b"=a=b="),
    ("unicode", "é 漢字 🦀 \u{202e}\u{a0}".as_bytes()),
    ("escape", b"\x1b[31mred\x07\x08\x7f"),
    ("bytes", b"\xff\xfe\x80 latin \xe9"),
    ("half-utf8", b"\xe6\xbc' touch pwned '"),
    ("empty", b""),
    ("space", b"  spaces  "),
    ("percent", b"%s %d %%"),
    ("eof", b"EOF\nAUTHY\n'\n"),
];

/// Stores the nasty values and asserts that `read` (a script with `@` for the variable's
/// name) prints each of them back in `shell`.
fn read_back(shell: &str, load: &str, read: &str) {
    if !needs([shell]) {
        return;
    }
    let t = Sandbox::new();
    t.policy("all", ["*"]);
    for (name, value) in NASTY {
        t.authy(["store", name, "--raw"]).stdin(value).ok();
    }
    for (name, value) in NASTY {
        let script = format!("{load}\n{}", read.replace('@', &name.replace('-', "_")));
        // LC_ALL=C: bytes are bytes. Without the shell's start files: they are not under test.
        let done = t.program(shell, ["-c", &script]).env("LC_ALL", "C").ok();
        done.stdout_is(value);
    }
    assert!(!t.work().join("pwned").exists(), "a value ran as code");
}

#[test]
fn sh_reads_the_values_back() {
    read_back("sh", "eval \"$(authy env --scope all --format shell)\"", "printf %s \"$@\"");
}

#[test]
fn bash_reads_the_values_back() {
    read_back("bash", "eval \"$(authy env --scope all)\"", "printf %s \"$@\"");
}

#[test]
fn bash_reads_the_values_back_without_export() {
    read_back("bash", "eval \"$(authy env --scope all --no-export)\"", "printf %s \"$@\"");
}

#[test]
fn zsh_reads_the_values_back() {
    read_back("zsh", "eval \"$(authy env --scope all --format shell)\"", "printf %s \"$@\"");
}

#[test]
fn fish_reads_the_values_back() {
    read_back("fish", "authy env --scope all --format fish | source", "printf %s \"$@\"");
}

#[test]
fn exported_values_reach_programs_and_the_others_do_not() {
    let t = Sandbox::new();
    t.store([("a-b", "v")]);
    t.policy("all", ["*"]);
    t.sh("eval \"$(authy env --scope all)\"; env").ok().stdout_has("a_b=v\n");
    t.sh("eval \"$(authy env --scope all --no-export)\"; env; echo \"shell $a_b\"")
        .ok()
        .stdout_lacks("a_b=v")
        .stdout_has("shell v");
}

#[test]
fn simple_dotenv_files_can_be_sourced() {
    let t = Sandbox::new();
    t.store([("db-url", "postgres://u:p@h/d?x=1"), ("words", "two words")]);
    t.policy("all", ["*"]);
    let script = "authy env --scope all --format dotenv > .env; set -a; . ./.env; env";
    t.sh(script).ok().stdout_has("db_url=postgres://u:p@h/d?x=1\n").stdout_has("words=two words\n");
}
