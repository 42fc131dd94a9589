//! What users of other tools reach for: names of commands, the tree, the clipboard, codes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirEntry;
use std::path::PathBuf;

use crate::harness::{Sandbox, happens_to_have, patiently};
use crate::screen::Screen;
use crate::vault::text;

#[test]
fn commands_answer_to_the_names_they_have_elsewhere() {
    let t = Sandbox::new();
    t.authy(["insert", "a", "--raw"]).stdin("1").ok();
    t.authy(["show", "a"]).ok().stdout_is("1");
    t.authy(["ls"]).ok().stdout_is("a\n");
    t.authy(["mv", "a", "b"]).ok();
    t.authy(["rm", "b"]).ok();
    t.authy(["ls"]).ok().stdout_is("");
    t.authy(["--help"]).ok().stdout_has("ls").stdout_has("insert");
}

#[test]
fn a_word_that_is_a_command_elsewhere_gets_a_hint() {
    let t = Sandbox::new();
    for (word, here) in [
        ("add", "authy store NAME"),
        ("set", "authy store NAME"),
        ("delete", "authy remove NAME"),
        ("cat", "authy get NAME"),
        ("copy", "authy get NAME --clip"),
        ("revert", "authy undo"),
        ("users", "authy member list"),
        ("doctor", "authy check"),
        ("clone", "git clone URL ~/.authy && authy join"),
    ] {
        t.authy([word, "a"]).fails(2).stderr_has(&format!("hint: that is '{here}' here"));
        let json = t.authy(["--json", word]).fails(2).json_error();
        assert!(json["hint"].as_str().unwrap().contains(here), "{json}");
    }
    t.authy(["secrets", "list"]).fails(2).stderr_has("'authy list'");
    t.authy(["policy", "add"]).fails(2).stderr_lacks("authy store");
    t.authy(["lst"]).fails(2).stderr_has("did you mean 'authy list'?");
    t.authy(["policy", "creat"]).fails(2).stderr_has("did you mean 'authy policy create'?");
    // None is better than a wrong one, and what is hidden is never one.
    t.authy(["xyzzy"]).fails(2).stderr_has("hint: --help shows what can be given");
    t.authy(["hook-stat"]).fails(2).stderr_lacks("hook-state");
}

#[test]
fn a_tree_shows_folders() {
    let t = Sandbox::new();
    t.store([("prod/db/pass", "1"), ("prod/db/user", "2"), ("api-key", "3")]);
    t.authy(["list", "--tree"])
        .ok()
        .stdout_is("├── api-key\n└── prod\n    └── db\n        ├── pass\n        └── user\n");
    t.authy(["list", "prod/*", "--tree"]).ok().stdout_lacks("api-key");
    t.authy(["list", "--tree", "--long"]).fails(2);
}

/// A desktop whose clipboard is a file.
fn desktop() -> (Sandbox, PathBuf) {
    let mut t = Sandbox::new();
    t.store([("a", "copied-canary"), ("b", "other")]);
    let board = t.path("clipboard");
    let script = format!("case $* in *-out) cat {0};; *) cat > {0};; esac", board.display());
    t.script("xclip", &script);
    let path = format!("{}:{}", t.work().display(), std::env::var("PATH").unwrap());
    t.set("PATH", path);
    t.set("DISPLAY", ":7");
    (t, board)
}

/// The processes that are to clear a clipboard after so many seconds, with their words.
fn clearing(seconds: u16) -> BTreeMap<OsString, String> {
    let ending = format!("\0xclip\0{seconds}\0");
    let words = |process: DirEntry| {
        let words = std::fs::read(process.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words).into_owned();
        let is_one = words.contains("\0__unclip\0") && words.ends_with(&ending);
        is_one.then(|| (process.file_name(), words))
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(words).collect()
}

fn until(board: PathBuf, is: fn(&str) -> bool) {
    patiently(move || {
        while !is(&text(&board)) {
            std::thread::yield_now();
        }
    })
    .expect("the clipboard stayed as it was");
}

#[test]
fn a_value_goes_to_the_clipboard_and_is_taken_away_again() {
    let (t, board) = desktop();
    let done = t.authy(["get", "a", "--clip=0"]).ok();
    done.stdout_is("").stderr_has("copied a (xclip)").stderr_lacks("canary");
    until(board, str::is_empty);
    let line = t.last_entry();
    assert_eq!((&line["op"], &line["detail"]), (&"get".into(), &"clipboard".into()));
}

#[test]
fn what_was_copied_since_is_left_alone() {
    let (t, board) = desktop();
    t.authy(["get", "a", "--clip=1"]).ok();
    assert_eq!(text(&board), "copied-canary");
    std::fs::write(&board, "mine").unwrap();
    // Whoever clears has gone when nothing runs any more that has its word.
    patiently(|| {
        while !clearing(1).is_empty() {
            std::thread::yield_now();
        }
    })
    .expect("somebody still clears");
    assert_eq!(text(&board), "mine");
}

#[test]
fn the_process_that_clears_has_no_value_in_its_words() {
    let (t, _) = desktop();
    let before = clearing(20);
    t.authy(["get", "a", "--clip=20"]).ok();
    // A process that has just been started shows no words until the kernel is done with it.
    let waiting = patiently(move || {
        loop {
            let mut waiting = clearing(20);
            waiting.retain(|process, _| !before.contains_key(process));
            if !waiting.is_empty() {
                return waiting;
            }
            std::thread::yield_now();
        }
    })
    .expect("nobody waits to clear");
    assert_eq!(waiting.len(), 1, "one waits to clear");
    for words in waiting.into_values() {
        let words: Vec<&str> = words.split_terminator('\0').collect();
        assert_eq!((words.len(), words[1], words[2]), (4, "__unclip", "xclip"), "{words:?}");
    }
}

#[test]
fn without_a_desktop_the_terminal_gets_it() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["get", "a", "--clip"]).env("PATH", "/nowhere").ends().stdout_is("");
    let mut screen =
        Screen::sh(&t, "PATH=$PATH DISPLAY= WAYLAND_DISPLAY= authy get a --clip=0; read x");
    // Whoever clears may be faster than the line that says where the value is.
    screen.until("\x1b]52;c;MQ==\x07").shows("the terminal").until("\x1b]52;c;!\x07").keys("\r");
    screen.end();
}

const ENTRY: &str =
    "pass canary\nuser: ann\nurl: https://example.com\ntotp: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n";

#[test]
fn a_line_or_a_field_of_an_entry_is_enough() {
    let (t, board) = desktop();
    let key = "-----BEGIN X-----\nAA==\n-----END X-----\n";
    t.store([("web/shop", ENTRY), ("key", key)]);
    let get = |more: &[&str]| t.authy([&["get", "web/shop"], more].concat());
    get(&["--line", "1"]).ok().stdout_is("pass canary");
    get(&["--field", "USER"]).ok().stdout_is("ann");
    get(&["--line", "9"]).fails(3).stderr_has("no line 9").stdout_is("");
    let said = get(&["--field", "host"]).fails(3).stderr_has("no field 'host'");
    said.stderr_has("user, url, totp").stderr_lacks("ann").stderr_lacks("canary");
    get(&["--line", "1", "--field", "user"]).fails(2);
    get(&["--clip=60"]).ok().stderr_has("copied a line of web/shop (xclip)");
    assert_eq!(text(&board), "pass canary");
    get(&["--clip=60", "--field", "url"]).ok();
    assert_eq!(text(&board), "https://example.com");
    t.authy(["get", "key", "--clip=60"]).ok().stderr_has("copied key (xclip)");
    assert_eq!(text(&board), key);
    t.authy(["otp", "web/shop"]).ok();
    let copied = t.authy(["otp", "web/shop", "--clip=60"]).ok().stdout_is("");
    copied.stderr_has("copied the code of web/shop").stderr_has("good for");
    assert!(text(&board).len() == 6 && text(&board).bytes().all(|b| b.is_ascii_digit()));
}

#[test]
fn an_older_version_is_read_under_the_rules_of_today() {
    let t = Sandbox::new();
    t.store([("a", "one")]);
    t.authy(["rotate", "a"]).stdin("two").ok();
    let get = |version: &str| t.authy(["get", "a", "--version", version]);
    get("1").ok().stdout_is("one");
    let line = t.last_entry();
    assert_eq!((&line["op"], &line["detail"]), (&"get".into(), &"version 1".into()));
    get("2").ok().stdout_is("two");
    get("3").fails(3);
    t.holds("a", "two");
    t.authy(["policy", "create", "runs", "--allow", "*", "--run-only"]).ok();
    t.authy(["get", "a", "--version", "1", "--scope", "runs"]).fails(4).stdout_is("");
    t.policy("all", ["*"]);
    let token = t.authy(["session", "create", "--scope", "all"]).ok().text();
    get("1").env("AUTHY_TOKEN", token.trim()).fails(4).stderr_has("values of today");
    t.authy(["remove", "a"]).ok();
    get("1").ok().stdout_is("one");
    t.verifies();
}

#[test]
fn wayland_is_told_that_it_is_a_secret_where_it_can_be() {
    for knows in [true, false] {
        let (mut t, board) = desktop();
        let refusal = if knows { "" } else { "case $* in *sensitive*) exit 1;; esac;" };
        let script = format!("echo \"$*\" > words; {refusal} cat > {}", board.display());
        t.script("wl-copy", &script);
        t.set("WAYLAND_DISPLAY", "wayland-7");
        t.authy(["get", "a", "--clip=60"]).ok().stderr_has("(wl-copy)");
        assert_eq!(text(&board), "copied-canary");
        let words = text(&t.work().join("words"));
        assert_eq!(words, if knows { "--sensitive\n" } else { "\n" });
    }
}

#[test]
fn in_tmux_its_buffer_has_the_value_and_loses_it() {
    if !happens_to_have("tmux") {
        return;
    }
    let mut t = Sandbox::new();
    t.store([("a", "tmux-canary")]);
    t.set("TMUX_TMPDIR", t.tmp());
    let tmux = |words: &[&str]| t.program("tmux", words).ends();
    tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "cat"]).code_is(0);
    let value = tmux(&["display-message", "-p", "#{socket_path},#{pid},0"]).text();
    let get = |seconds: &str| {
        let clip = format!("--clip={seconds}");
        t.authy(["get", "a", &clip]).env("TMUX", value.trim())
    };
    get("60").ok().stderr_has("tmux's buffer 'authy'");
    assert_eq!(tmux(&["show-buffer", "-b", "authy"]).text(), "tmux-canary");
    get("0").ok();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while tmux(&["list-buffers"]).text().contains("authy") {
        assert!(std::time::Instant::now() < end, "the buffer stayed");
    }
    tmux(&["kill-server"]);
}

#[test]
fn a_code_is_made_and_the_key_is_not_shown() {
    let t = Sandbox::new();
    let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    t.store([("mfa", key), ("none", "hunter2!"), ("entry", "password\nuser: x\n")]);
    let done = t.authy(["otp", "mfa"]).ok().stdout_lacks(key).stderr_lacks(key);
    let code = done.text();
    assert!(code.len() == 7 && code.trim().bytes().all(|b| b.is_ascii_digit()), "{code}");
    let json = t.authy(["otp", "mfa", "--json"]).ok().json();
    assert!(json["seconds_left"].as_u64().unwrap() <= 30 && json["code"].is_string());
    assert_eq!(t.last_entry()["op"], "otp");
    t.authy(["otp", "none"])
        .ends()
        .code_is(2)
        .stderr_has("not a base32 key")
        .stderr_lacks("hunter2");
    // Eight letters would be a key of five bytes.
    t.authy(["otp", "entry"]).fails(2).stderr_has("not a base32 key");
    t.authy(["otp", "absent"]).fails(3);
}

#[test]
fn a_code_and_the_clipboard_are_denied_where_reading_is() {
    let (t, board) = desktop();
    t.store([("mfa", "GEZDGNBV")]);
    t.authy(["policy", "create", "runs", "--allow", "*", "--run-only"]).ok();
    t.authy(["otp", "mfa", "--scope", "runs"]).fails(4).stdout_is("");
    t.authy(["get", "a", "--scope", "runs", "--clip"]).fails(4);
    let token = t.authy(["session", "create", "--scope", "runs"]).ok().text();
    t.authy(["otp", "mfa"]).env("AUTHY_TOKEN", token.trim()).ends().code_is(4).stdout_is("");
    assert!(!board.exists());
}
