//! `edit`: the value in an editor, on a memory file system, gone afterwards.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::harness::{Sandbox, finish, patiently, signal};
use crate::vault::text;

/// Writes where the file lies and with which mode and file system, then runs `then`.
fn editor(t: &Sandbox, then: &str) -> PathBuf {
    let seen = t.path("seen");
    let note = format!(
        "f=$1; {{ echo \"$f\"; stat -c %a \"$f\"; stat -f -c %T \"$f\"; stat -c %a \"$(dirname \"$f\")\"; }} > {}",
        seen.display()
    );
    t.script("editor", &format!("{note}\n{then}"))
}

/// Gives the path the editor saw, after checking that it was private and in memory.
fn seen(t: &Sandbox) -> PathBuf {
    let seen = text(&t.path("seen"));
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[1], "600", "{seen}");
    assert!(lines[2] == "tmpfs" || lines[2] == "ramfs", "{seen}");
    PathBuf::from(lines[0])
}

fn is_gone(file: &Path) {
    assert!(!file.exists(), "{} is still there", file.display());
    let folder = file.parent().unwrap();
    if folder.file_name().is_some_and(|name| name.to_string_lossy().contains("authy")) {
        assert!(!folder.exists(), "{} is still there", folder.display());
    }
}

#[test]
fn an_edited_value_is_a_new_version() {
    let t = Sandbox::new();
    t.store([("db-url", "old")]);
    let editor = editor(&t, "grep -q old \"$f\" || exit 9\nprintf new > \"$f\"");
    t.authy(["edit", "db-url"]).env("EDITOR", &editor).ok().stdout_is("");
    t.is_clean();
    t.holds("db-url", "new");
    is_gone(&seen(&t));
    assert!(text(&t.file("secrets/db-url.toml")).contains("version = 2"));
}

#[test]
fn a_file_replaced_by_rename_is_taken() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let editor = editor(&t, "printf new > \"$f.swp\" && mv \"$f.swp\" \"$f\"");
    t.authy(["edit", "a"]).env("EDITOR", &editor).ok();
    t.holds("a", "new");
    is_gone(&seen(&t));
}

#[test]
fn a_file_the_editor_left_beside_it_is_gone_too() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let editor = editor(&t, "cp \"$f\" \"$f~\"; printf new > \"$f\"");
    t.authy(["edit", "a"]).env("EDITOR", &editor).ok();
    let file = seen(&t);
    is_gone(&file);
    assert!(!PathBuf::from(format!("{}~", file.display())).exists());
}

#[test]
fn an_unchanged_value_makes_no_version() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let head = t.head();
    t.authy(["edit", "a"]).env("EDITOR", editor(&t, ":")).ok().stderr_has("unchanged");
    assert_eq!(t.head(), head);
    is_gone(&seen(&t));
}

#[test]
fn an_editor_that_leaves_nothing_changes_nothing() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let editor = editor(&t, ": > \"$f\"");
    t.authy(["edit", "a"]).env("EDITOR", &editor).fails(2).stderr_has("left nothing of 'a'");
    t.holds("a", "old");
}

#[test]
fn visual_wins_over_editor() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let editor = editor(&t, "printf new > \"$f\"");
    t.authy(["edit", "a"]).env("VISUAL", &editor).env("EDITOR", "false").ok();
    t.holds("a", "new");
}

#[test]
fn an_editor_may_have_arguments() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let script = t.script("with-args", "[ \"$1\" = --wait ] || exit 9\nprintf new > \"$2\"");
    t.authy(["edit", "a"]).env("EDITOR", format!("{} --wait", script.display())).ok();
    t.holds("a", "new");
}

#[test]
fn a_failing_editor_changes_nothing() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let editor = editor(&t, "printf new > \"$f\"; exit 3");
    t.authy(["edit", "a"]).env("EDITOR", &editor).fails(1);
    t.holds("a", "old");
    is_gone(&seen(&t));
    t.authy(["edit", "a"]).env("EDITOR", "/no/such/editor").fails(1).stderr_has("/no/such/editor");
    t.authy(["edit", "absent"]).env("EDITOR", &editor).fails(3);
}

#[test]
fn a_terminated_edit_leaves_no_plaintext() {
    // Not SIGINT: as in git, Ctrl-C belongs to the editor.
    for sent in [Signal::TERM, Signal::HUP] {
        let t = Sandbox::new();
        t.store([("a", "old")]);
        let (tell, wait) = (t.path("tell"), t.path("wait"));
        t.program("mkfifo", [&tell, &wait]).ok();
        let pause = format!("echo ready > {}; read x < {}", tell.display(), wait.display());
        let editor = editor(&t, &pause);
        let child = t.authy(["edit", "a"]).env("EDITOR", &editor).spawn_silent();
        patiently(move || text(&tell)).expect("the editor was never started");
        let file = seen(&t);
        assert!(file.exists());
        signal(child.id(), sent);
        assert_ne!(finish(child), 0);
        is_gone(&file);
        // Lets the editor end, should the signal not have reached it.
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&wait)
            .unwrap()
            .write_all(b"\n")
            .unwrap();
        t.holds("a", "old");
        t.verifies();
    }
}

#[test]
fn no_plaintext_touches_the_disk() {
    let t = Sandbox::new();
    t.store([("a", "canary-old")]);
    let note = t.path("found");
    let search = format!("grep -rl canary {} > {}", t.path("").display(), note.display());
    let script = t.script("searcher", &format!("{search}\nprintf canary-new > \"$1\""));
    // The script itself names the canary: take it out of the search.
    let script = {
        let quiet = text(&script).replace("canary", "can''ary");
        fs::write(&script, quiet).unwrap();
        script
    };
    t.authy(["edit", "a"]).env("EDITOR", &script).ok();
    assert_eq!(text(&note), "");
    t.holds("a", "canary-new");
}

#[test]
fn an_editor_that_needs_a_terminal_is_not_started_without_one() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    for editor in ["", "vi", "vim -u x", "/usr/bin/nvim", "nano", "emacs", "hx"] {
        let done = t.authy(["edit", "a"]).env("EDITOR", editor).stdin("ZZ\n").fails(2);
        done.stderr_has("no terminal").stderr_has("authy rotate a");
    }
    t.authy(["edit", "absent"]).fails(3);
    t.holds("a", "old");
}

#[test]
fn a_value_that_is_no_text_is_not_given_to_an_editor() {
    let t = Sandbox::new();
    let editor = editor(&t, "printf new > \"$f\"");
    for value in [&b"\xff\xfe"[..], b"a\0b", b"\x1b[31m"] {
        t.authy(["store", "bin", "--raw", "--force"]).stdin(value).ok();
        let done = t.authy(["edit", "bin"]).env("EDITOR", &editor).ends().code_is(2);
        done.stderr_has("not text").stderr_has("--raw --file");
        assert!(!t.path("seen").exists());
        t.holds("bin", value);
    }
    for value in ["", "one\n\ttwo\n", "päss\r\n"] {
        t.authy(["store", "text", "--raw", "--force"]).stdin(value).ok();
        t.authy(["edit", "text"]).env("EDITOR", &editor).ok();
        t.holds("text", "new");
    }
}
