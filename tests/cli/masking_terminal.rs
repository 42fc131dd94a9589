//! A masked `run` on a terminal: the program has a terminal too, and a shell its jobs.

use rustix::process::Signal;

use crate::harness::{Sandbox, needs, signal};
use crate::screen::Screen;
use crate::vault::text;

const KEY: &str = "sk_live_51HxYzAbCdEf";
/// Starts what follows with the values of the scope.
const RUN: &str = "authy run --scope agent --";
/// An interactive shell, and what it shows when it waits for a command.
const SHELL: &str = "PS1='ask> ' exec bash --norc --noprofile -i";
const PROMPT: &str = "ask> ";

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("key", KEY)]);
    t.authy(["policy", "create", "agent", "--allow", "*", "--run-only"]).ok();
    t
}

/// Shows `script` on a terminal and gives what was to be seen.
#[track_caller]
fn shown(t: &Sandbox, script: &str) -> String {
    let (code, screen) = Screen::sh(t, script).end();
    assert_eq!(code, 0, "{screen}");
    screen
}

#[test]
fn the_program_is_on_a_terminal_of_the_same_size() {
    let t = stocked();
    let script = format!("{RUN} sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size'");
    assert_eq!(shown(&t, &script), "24 80\r\n");
    // The second authy does not come between: the terminal is the program's to control.
    assert_eq!(shown(&t, &format!("{RUN} sh -c 'echo hi >/dev/tty'")), "hi\r\n");
}

#[test]
fn values_are_masked_on_the_terminal_and_beside_it() {
    let t = stocked();
    assert_eq!(shown(&t, &format!("{RUN} sh -c 'echo \"<$key>\"'")), "<[authy:key]>\r\n");
    assert_eq!(shown(&t, &format!("{RUN} sh -c 'echo $key >&2'")), "[authy:key]\r\n");
    assert_eq!(shown(&t, &format!("{RUN} sh -c 'echo $key >/dev/tty'")), "[authy:key]\r\n");
    let script = format!("{RUN} sh -c 'test ! -t 2 && echo $key >&2' 2>beside");
    assert_eq!(shown(&t, &script), "");
    assert_eq!(text(&t.work().join("beside")), "[authy:key]\n");
    let script = format!("{RUN} sh -c 'test ! -t 1 && echo $key' | cat");
    assert_eq!(shown(&t, &script), "[authy:key]\r\n");
}

#[test]
fn a_value_that_is_typed_shows_its_first_quarter_at_most() {
    let t = stocked();
    let mut screen = Screen::sh(&t, &format!("{RUN} sh -c 'stty -echo; echo ready; cat'"));
    screen.until("ready");
    for key in KEY.chars() {
        screen.keys(&key.to_string());
    }
    screen.keys("\r").until("[authy:key]").keys("\x04");
    let (code, screen) = screen.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains(&KEY[..KEY.len() / 4 + 1]), "{screen}");
}

#[test]
fn the_exit_code_and_the_signal_are_the_programs() {
    let t = stocked();
    for code in [0, 1, 7, 255] {
        let script = format!("{RUN} sh -c 'exit {code}'; echo =$?");
        assert_eq!(shown(&t, &script), format!("={code}\r\n"));
    }
    for (name, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11)] {
        let screen = shown(&t, &format!("{RUN} sh -c 'kill -{name} $$'; echo =$?"));
        assert!(screen.ends_with(&format!("={}\r\n", 128 + number)), "{screen}");
    }
    let screen = shown(&t, &format!("{RUN} no-such-program-anywhere; echo =$?"));
    assert!(screen.contains("no-such-program-anywhere"), "{screen}");
    assert!(screen.ends_with("=127\r\n"), "{screen}");
    assert!(shown(&t, &format!("{RUN} /; echo =$?")).ends_with("=126\r\n"));
}

#[test]
fn the_terminal_is_left_as_it_was() {
    let t = stocked();
    let same = |run: &str| {
        let script =
            format!("before=$(stty -g); {run}; test \"$before\" = \"$(stty -g)\" && echo same");
        let screen = shown(&t, &script);
        assert!(screen.ends_with("same\r\n"), "{screen}");
    };
    same(&format!("{RUN} true"));
    same(&format!("{RUN} stty raw -echo"));
    same(&format!("{RUN} sh -c 'kill -KILL $$'"));
    same(&format!("{RUN} sh -c 'kill -TERM $PPID; sleep 600'"));
    same(&format!("{RUN} no-such-program-anywhere"));
}

#[test]
fn a_new_size_reaches_the_program() {
    let t = stocked();
    let script = "trap \"stty size; kill \\$!; exit 0\" WINCH; sleep 600 & echo ready; wait";
    let mut screen = Screen::sh(&t, &format!("{RUN} bash -c '{script}'"));
    screen.until("ready").resize(40, 120).until("40 120");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn a_raw_program_gets_every_key() {
    let t = stocked();
    let script = "stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -tx1; stty sane";
    let mut screen = Screen::sh(&t, &format!("{RUN} sh -c '{script}'"));
    screen.until("ready").keys("\x03\x1a\r").until("03 1a 0d");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn interrupt_and_end_of_file_are_typed_as_ever() {
    let t = stocked();
    // It waits by itself: a shell about to start something keeps an interrupt until that ends.
    let mut screen = Screen::sh(&t, &format!("{RUN} sh -c 'echo ready; read x'; echo =$?"));
    screen.until("ready").keys("\x03").until("=130");
    assert_eq!(screen.end().0, 0);
    let mut screen = Screen::sh(&t, &format!("{RUN} sh -c 'echo ready; cat; echo over'"));
    screen.until("ready").keys("line\r").until("line\r\nline").keys("\x04").until("over");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn a_hidden_prompt_hides_what_is_typed() {
    if !needs(["python3"]) {
        return;
    }
    let t = stocked();
    let ask = "import getpass; print(len(getpass.getpass()))";
    let mut screen = Screen::sh(&t, &format!("{RUN} python3 -c '{ask}'"));
    screen.until("Password: ").keys("secret-typing\r").until("13");
    let (code, screen) = screen.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("secret-typing"), "{screen}");
}

#[test]
fn a_job_stops_goes_on_and_ends_in_its_shell() {
    let t = stocked();
    if !needs(["bash"]) {
        return;
    }
    let mut shell = Screen::sh(&t, SHELL);
    let job = format!("{RUN} sh -c 'echo st\"\"arted; read x; echo g\"\"ot $x $key; exit 7'\r");
    // Once keys go to the program: before that they are the terminal's to heed.
    shell.until(PROMPT).keys(&job).until("started").raw().keys("\x1a");
    shell.until("Stopped").until(PROMPT);
    shell.keys("stty -a | grep -o ' echo '\r").until(" echo \r\n").until(PROMPT);
    shell.keys("fg\r").until("authy run").keys("hello\r").until("got hello [authy:key]");
    shell.until(PROMPT).keys("echo =$?\r").until("=7").until(PROMPT);
    // Started in the background it shows what it prints, and comes to the front when asked.
    let job = format!("{RUN} sh -c 'echo back\"\"ground; read x; echo th\"\"en $x' &\r");
    shell.keys(&job).until("background").keys("fg\r").until("authy run").keys("fine\r");
    shell.until("then fine").until(PROMPT);
    // Also when the keys come late, and the shell was reading its next line at the start.
    shell.keys(&job).until("background").keys("fg\r").until("authy run").raw().keys("late\r");
    shell.until("then late").until(PROMPT).keys("exit 0\r");
    assert_eq!(shell.end().0, 0);
}

#[test]
fn a_shell_inside_has_jobs_of_its_own() {
    let t = stocked();
    let mut shell = Screen::sh(&t, &format!("{RUN} sh -c \"{SHELL}\"; echo =$?"));
    let job = "sh -c 'echo st\"\"arted; read x; echo g\"\"ot $x'\r";
    shell.until(PROMPT).keys(job).until("started").keys("\x1a").until("Stopped").until(PROMPT);
    shell.keys("fg\r").until("sh -c").keys("hello\r").until("got hello").until(PROMPT);
    shell.keys("exit 5\r").until("=5");
    assert_eq!(shell.end().0, 0);
}

#[test]
fn a_program_in_a_pipeline_reads_keys_when_it_asks_the_terminal() {
    let t = stocked();
    let script = "read line; stty -echo </dev/tty; echo \"$line?\"; read x </dev/tty; echo \"$x!\"";
    let mut screen = Screen::sh(&t, &format!("echo piped | {RUN} sh -c '{script}'"));
    screen.until("piped?").keys("typed\r").until("typed!");
    assert_eq!(screen.end().0, 0);
    // One that does not leaves the keys to others.
    let script = format!("(read x </dev/tty; echo \"$x\") | {RUN} cat");
    let mut screen = Screen::sh(&t, &script);
    screen.keys("for the first\r").until("for the first\r\nfor the first");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    if !needs(["python3"]) {
        return;
    }
    let t = stocked();
    // It learns so by SIGHUP or by the end of its input, whichever is first.
    let script = "trap 'echo gone >gone; exit' HUP; echo ready; cat; echo gone >gone";
    let python = "import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while b'ready' not in seen: seen += os.read(terminal, 4096)
os.close(terminal)
os.waitpid(pid, 0)";
    let run: Vec<_> = RUN.split(' ').collect();
    t.program("python3", ["-c", python].iter().chain(&run).chain(&["sh", "-c", script])).ok();
    assert_eq!(text(&t.work().join("gone")), "gone\n");
}

#[test]
fn a_signal_to_authy_reaches_the_program() {
    let t = stocked();
    let script = "sleep 600 & trap \"echo got it; kill $!; exit 9\" TERM; echo ready; wait";
    let mut screen =
        Screen::sh(&t, &format!("{RUN} bash -c '{script}' & echo $! >pid; wait; echo over"));
    screen.until("ready");
    let pid = text(&t.work().join("pid"));
    signal(pid.trim().parse().unwrap(), Signal::TERM);
    screen.until("got it").until("over");
    assert_eq!(screen.end().0, 0);
}

#[test]
fn what_the_program_left_running_goes_on() {
    let t = stocked();
    shown(&t, &format!("{RUN} sh -c 'sleep 600 >/dev/null 2>&1 & echo $! >left'"));
    let pid = text(&t.work().join("left"));
    t.program("kill", [pid.trim()]).ok();
}

#[test]
fn an_editor_works() {
    let t = stocked();
    if !needs(["vim"]) {
        return;
    }
    let mut screen = Screen::sh(&t, &format!("{RUN} vim -u NONE -i NONE file"));
    screen.until("~").keys(&format!("i{KEY}\x1b")).keys(":wq\r");
    assert_eq!(screen.end().0, 0);
    assert_eq!(text(&t.work().join("file")), format!("{KEY}\n"));
}
