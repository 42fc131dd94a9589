//! What is different on a terminal: a final newline, hidden prompts, no control characters.

use std::io::{Read as _, Write as _};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::harness::{AUTHY, Sandbox};

/// Runs authy on a terminal, answers each hidden prompt, gives exit code and screen.
fn on_a_terminal(t: &Sandbox, words: &[&str], answers: &[&str]) -> (u32, String) {
    let pty = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(AUTHY);
    command.args(words);
    command.env_clear();
    command.cwd(t.work());
    command.env("HOME", t.home());
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TERM", "xterm");
    command.env("XDG_STATE_HOME", t.path("state"));
    command.env("GIT_CONFIG_GLOBAL", t.path("gitconfig"));
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();

    let (sender, screen) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n) = reader.read(&mut buffer) {
            if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut seen = Vec::new();
    for answer in answers {
        let before = seen.len();
        // A prompt has been printed and the terminal no longer echoes what is typed.
        while seen[before..].trim_ascii().is_empty() || echoes(pty.master.as_ref()) {
            match screen.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => seen.extend(bytes),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        writer.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let status = child.wait().unwrap();
    while let Ok(bytes) = screen.recv_timeout(Duration::from_secs(5)) {
        seen.extend(bytes);
    }
    (status.exit_code(), String::from_utf8_lossy(&seen).into_owned())
}

fn echoes(master: &dyn portable_pty::MasterPty) -> bool {
    const ECHO: u64 = 0o10;
    master.get_termios().is_some_and(|termios| u64::from(termios.local_flags.bits()) & ECHO != 0)
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
fn store_asks_without_showing_what_is_typed() {
    let t = Sandbox::new();
    let (code, screen) = on_a_terminal(&t, &["store", "a"], &["hidden-value"]);
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("hidden-value"), "{screen}");
    t.holds("a", "hidden-value");
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
