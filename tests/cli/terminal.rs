//! What is different on a terminal: a final newline, hidden prompts, no control characters.

use crate::harness::{AUTHY, Sandbox, happens_to_have, needs, signal};
use crate::sandboxed::pids_of;
use crate::screen::Screen;

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

/// Runs authy on a terminal, answers each hidden prompt, gives exit code and screen.
fn on_a_terminal(t: &Sandbox, words: &[&str], answers: &[&str]) -> (u32, String) {
    let mut screen = Screen::start(t, &[&[AUTHY], words].concat());
    for (at, answer) in answers.iter().enumerate() {
        // Of two questions the first names what is asked for.
        let asked = if at % 2 == 0 { [" of ", " for "] } else { ["again", "again"] };
        screen.until_one_of(asked).until(": ").keys(&format!("{answer}\r"));
    }
    screen.end()
}

/// An interactive shell whose prompt is `$ `.
fn shell(t: &Sandbox) -> Screen {
    let mut shell = Screen::start(t, &["env", "PS1=$ ", "sh", "-i"]);
    shell.until("$ ");
    shell
}

/// What a terminal sends of a text.
fn sent(text: &str) -> String {
    text.replace('\n', "\r")
}

fn in_brackets(text: &str) -> String {
    format!("\x1b[200~{}\x1b[201~", sent(text))
}

#[test]
fn get_ends_with_a_newline_on_a_terminal_only() {
    let t = Sandbox::new();
    t.store([("a", "value"), ("b", "value\n")]);
    let (code, screen) = on_a_terminal(&t, &["get", "a"], &[]);
    assert_eq!((code, &screen[..]), (0, "value\r\n"));
    t.holds("a", "value");
}

#[test]
fn store_asks_twice_without_showing_what_is_typed() {
    let t = Sandbox::new();
    let (code, screen) = on_a_terminal(&t, &["store", "a"], &["hidden-value", "hidden-value"]);
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("hidden-value") && screen.contains("The same again: "), "{screen}");
    t.holds("a", "hidden-value");
    let answers = ["one", "another", "mistyped\x15hidden-vax\x7flue2", "hidden-value2"];
    let (code, screen) = on_a_terminal(&t, &["rotate", "a"], &answers);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("the two do not match"), "{screen}");
    t.holds("a", "hidden-value2");
    // Both answers before the second question, as programs type.
    let mut quick = Screen::start(&t, &[AUTHY, "rotate", "a"]);
    quick.until("Value of a: ").keys("quick one\rquick one\r");
    assert_eq!(quick.end().0, 0);
    t.holds("a", "quick one");
    let (code, screen) = on_a_terminal(&t, &["store", "b", "--once"], &["hidden-value"]);
    assert_eq!(code, 0, "{screen}");
    t.holds("b", "hidden-value");
    let (code, screen) = on_a_terminal(&t, &["store", "c"], &["1", "2", "1", "2", "1", "2"]);
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("--once"), "{screen}");
    t.lacks("c");
}

#[test]
fn a_paste_of_several_lines_is_taken_whole() {
    let t = Sandbox::new();
    let script = "key with spaces\n\n#!/bin/sh\ntouch ran\n\tlast\n";
    let cases = [
        ("key/brackets", KEY, in_brackets(KEY) + "\r"),
        ("key/bare", KEY, sent(KEY)),
        ("script/brackets", script, in_brackets(script) + "\r"),
        ("script/bare", script, sent(script)),
    ];
    for (name, pasted, keys) in cases {
        let mut shell = shell(&t);
        shell.keys(&format!("authy store {name}; echo ended\r")).until("Value of ").until(": ");
        shell.keys(&keys);
        let said = format!("took {} lines, {} bytes", pasted.lines().count(), pasted.len());
        shell.until(&said).until("ended").until("$ ").keys("exit\r");
        let (_, screen) = shell.end();
        assert!(!screen.contains("not found") && !screen.contains("b3Blb"), "{screen}");
        t.holds(name, pasted);
    }
    assert!(!t.work().join("ran").exists());
}

#[test]
fn a_pasted_line_is_a_line_and_a_block_gets_its_end() {
    let t = Sandbox::new();
    let line = in_brackets("one line\n");
    let (code, screen) = on_a_terminal(&t, &["store", "line"], &[&line, &line]);
    assert_eq!(code, 0, "{screen}");
    t.holds("line", "one line");
    let (code, screen) = on_a_terminal(&t, &["store", "key"], &[&in_brackets(KEY.trim_end())]);
    assert_eq!(code, 0, "{screen}");
    t.holds("key", KEY);
    assert!(screen.contains("\x1b[?2004h") && screen.contains("\x1b[?2004l"), "{screen:?}");
    let mut dumb = Screen::sh(&t, "TERM=dumb authy store dumb --once");
    dumb.until(": ").keys("x\r");
    let (code, screen) = dumb.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains('\x1b'), "{screen:?}");
}

#[test]
fn an_interrupted_prompt_leaves_the_terminal_and_nothing_typed() {
    let t = Sandbox::new();
    // Ctrl-C, and a signal from elsewhere. What was typed behind it is not for the shell.
    for (keys, code) in [("secret\x03touch ran\r", 130), ("secret", 143)] {
        let mut shell = shell(&t);
        shell.keys("stty -a >before; authy store never/stored\r");
        shell.until("Value of never/stored: ").keys(keys);
        if code == 143 {
            let pid = pids_of("store\u{0}never/stored")[0];
            signal(pid, rustix::process::Signal::TERM);
        }
        shell.until("$ ").keys("echo $?; stty -a >after; cmp before after && echo same\r");
        shell.until(&format!("{code}\r\n")).until("same\r\n").until("$ ").keys("exit\r");
        let (_, screen) = shell.end();
        assert!(!screen.contains("secret"), "{screen}");
        assert_eq!(screen.contains("interrupted; nothing was stored"), code == 130, "{screen}");
    }
    assert!(!t.work().join("ran").exists());
    t.lacks("never/stored");
}

#[test]
fn signals_do_after_a_prompt_what_they_did_before() {
    let mut t = Sandbox::empty();
    let (code, screen) =
        on_a_terminal(&t, &["init", "--member", "a", "--passphrase"], &["pw", "pw"]);
    assert_eq!(code, 0, "{screen}");
    t.authy(["store", "a"]).env("AUTHY_PASSPHRASE", "pw").stdin("old").ok();
    // At the second prompt of a command.
    let mut shell = shell(&t);
    shell
        .keys("authy store second/prompt --once\r")
        .until("Passphrase of")
        .until(": ")
        .keys("pw\r");
    shell.until("Value of").until(": ");
    signal(pids_of("store\u{0}second/prompt")[0], rustix::process::Signal::TERM);
    shell.until("$ ").keys("echo code $?; stty -a | grep -o ' echo '\r");
    shell.until("code 143").until(" echo ").until("$ ").keys("exit\r");
    shell.end();
    // Below an editor it is the editor's.
    let editor = t.script("editor", "#!/bin/sh\nkill -INT $PPID\nprintf new > \"$1\"\n");
    t.set("EDITOR", editor);
    let mut screen = Screen::start(&t, &[AUTHY, "edit", "a"]);
    screen.until("Passphrase of").until(": ").keys("pw\r");
    let (code, screen) = screen.end();
    assert_eq!(code, 0, "{screen}");
    t.authy(["get", "a"]).env("AUTHY_PASSPHRASE", "pw").ok().stdout_is("new");
}

#[test]
fn what_tmux_pastes_is_what_is_stored() {
    if !happens_to_have("tmux") {
        return;
    }
    let mut t = Sandbox::new();
    t.set("TMUX_TMPDIR", t.tmp());
    t.set("PS1", "sh> ");
    let tmux = |words: &[&str]| t.program("tmux", words).ends().code_is(0).text();
    let shows = |part: &str| {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !tmux(&["capture-pane", "-p"]).contains(part) {
            assert!(std::time::Instant::now() < end, "{part}: {}", tmux(&["capture-pane", "-p"]));
        }
    };
    tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-i"]);
    tmux(&["set-buffer", "--", KEY]);
    for (name, flags) in [("bracketed", &["-p"][..]), ("bare", &[])] {
        shows("sh>");
        tmux(&["send-keys", &format!("clear; authy store {name}"), "Enter"]);
        shows(&format!("Value of {name}:"));
        tmux(&[&["paste-buffer"], flags].concat());
        if name == "bracketed" {
            shows("[pasted: 4 lines; Enter takes it]");
            tmux(&["send-keys", "Enter"]);
        }
        shows("took 4 lines");
        shows(&format!("stored {name}"));
        t.holds(name, KEY);
    }
    tmux(&["send-keys", "clear; authy admin", "Enter"]);
    shows("bracketed");
    tmux(&["send-keys", "n"]);
    shows("Value");
    tmux(&["send-keys", "from-admin", "Enter"]);
    tmux(&["paste-buffer", "-p"]);
    tmux(&["send-keys", "C-s"]);
    shows("stored");
    t.holds("from-admin", KEY);
    tmux(&["kill-server"]);
}

#[test]
fn a_stopped_prompt_asks_again() {
    let t = Sandbox::new();
    let mut shell = shell(&t);
    shell.keys("authy store a --once\r").until("Value of a: ").keys("half\x1a");
    shell.until("stopped").until("$ ").keys("stty -a | grep -o ' echo '; fg\r");
    shell.until(" echo ").until("Value of a: ").keys("whole\r").until("$ ").keys("exit\r");
    shell.end();
    t.holds("a", "whole");
}

#[test]
fn an_end_without_a_value_says_what_happened() {
    let t = Sandbox::new();
    // Whoever types faster than it asks is asked all the same, and seen by nobody.
    let t2 = Sandbox::new();
    let mut screen = Screen::start(&t2, &[AUTHY, "store", "a"]);
    screen.until("Value of a: ").keys("one\r").until("again: ").keys("two\r");
    screen.until("do not match").until("Value of a: ").keys("\r");
    assert_eq!(screen.end().0, 2);
    for (keys, said) in [("\r", "nothing was typed"), ("\x04", "the input ended (Ctrl-D)")] {
        let mut screen = Screen::start(&t, &[AUTHY, "store", "a"]);
        screen.until("Value of a: ").keys(keys);
        let (code, screen) = screen.end();
        assert_eq!(code, 2, "{screen}");
        assert!(screen.contains(said) && screen.contains("nothing is changed"), "{screen}");
    }
    t.lacks("a");
    let (code, screen) = on_a_terminal(&t, &["store", "a", "--raw"], &[""]);
    assert_eq!(code, 0, "{screen}");
    t.holds("a", "");
    // Behind a text Ctrl-D ends it, as a line.
    let mut screen = Screen::start(&t, &[AUTHY, "store", "b", "--once"]);
    screen.until("Value of b: ").keys("value\x04");
    assert_eq!(screen.end().0, 0);
    t.holds("b", "value");
}

#[test]
fn a_value_that_is_too_large_is_refused_whole() {
    let t = Sandbox::new();
    let mut shell = shell(&t);
    shell.keys("authy store a; echo ended $?\r").until("Value of a: ");
    // In brackets, so that no pause of this test ends it.
    shell.keys("\x1b[200~");
    let line = format!("{}\n", "x".repeat(1023));
    for _ in 0..1025 {
        shell.keys(&line);
    }
    shell.keys("\x1b[201~\r");
    shell.until("1 MiB").until("ended 2").until("$ ").keys("exit\r");
    assert!(!shell.end().1.contains("xxxx"));
    t.lacks("a");
}

#[test]
fn a_taken_name_is_refused_before_the_value_is_typed() {
    let t = Sandbox::new();
    t.store([("a", "old")]);
    let (code, screen) = on_a_terminal(&t, &["store", "a"], &[]);
    assert_eq!(code, 7, "{screen}");
    let (code, screen) = on_a_terminal(&t, &["rotate", "absent"], &[]);
    assert_eq!(code, 3, "{screen}");
}

#[test]
fn a_new_passphrase_is_asked_until_it_was_typed_twice() {
    let t = Sandbox::empty();
    let init = ["init", "--member", "alice", "--passphrase"];
    let answers = ["correct horse", "battery staple", "correct horse", "correct horse"];
    let (code, screen) = on_a_terminal(&t, &init, &answers);
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("correct horse"), "{screen}");
    t.authy(["store", "a"]).env("AUTHY_PASSPHRASE", "correct horse").stdin("1").ok();
    let (code, screen) = on_a_terminal(&t, &["get", "a"], &["correct horse"]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.ends_with("1\r\n"), "{screen}");
}

#[test]
fn no_input_never_asks() {
    let t = Sandbox::new();
    let (code, screen) = on_a_terminal(&t, &["--no-input", "store", "a"], &[]);
    assert_ne!(code, 0, "{screen}");
    t.lacks("a");
}

#[test]
fn a_key_comes_back_as_openssh_wants_it() {
    if !needs(["ssh-keygen"]) {
        return;
    }
    let t = Sandbox::new();
    let words = ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "id"];
    t.program("ssh-keygen", words).ok();
    let key = std::fs::read(t.work().join("id")).unwrap();
    t.authy(["store", "file", "--file", "id"]).ok();
    t.authy(["store", "pipe"]).stdin(&key).ok();
    for name in ["file", "pipe"] {
        t.holds(name, &key);
        let public = "authy get \"$1\" >copy && chmod 600 copy && ssh-keygen -y -f copy";
        t.program("sh", ["-c", public, "sh", name]).ok().stdout_has("ssh-ed25519 ");
    }
}
