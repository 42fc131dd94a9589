//! A sealed run on a terminal: the program has one too, and nothing is left when it goes.

use std::path::Path;

use rustix::process::Signal;

use super::Scene;
use super::kills::{answers, gone};
use crate::harness::{needs, signal};
use crate::screen::Screen;

/// Starts what follows sealed.
const RUN: &str = "authy run --scope ci --sealed --uppercase --";

#[test]
fn the_program_has_a_terminal_and_its_requests_are_filled_in() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let script = format!(
        "{RUN} sh -c 'test -t 0 && test -t 1 && stty size && curl -sS https://api.test/echo \
         -o out -w \"%{{http_code}}\" -H \"A: $API_TOKEN\"; exit 7'; echo =$?"
    );
    let (code, screen) = Screen::sh(&scene.t, &script).end();
    assert_eq!((code, &screen[..]), (0, "24 80\r\n200=7\r\n"));
    assert_eq!(scene.arrived().len(), 1);
}

#[test]
fn an_interrupt_and_a_new_size_reach_the_program() {
    let scene = Scene::new();
    // A shell that reads may miss a signal which comes just before; one that waits does not. The size
    // comes by a signal and what is typed by the terminal, so that one does not come before the other.
    let script = format!(
        "{RUN} sh -c 'sleep 600 & trap \"stty size\" WINCH; trap \"kill $!; exit 9\" INT; echo ready; \
         while :; do wait; done'; echo =$?"
    );
    let mut screen = Screen::sh(&scene.t, &script);
    screen.until("ready").resize(30, 100).until("30 100").keys("\x03").until("=9");
    screen.end();
}

#[test]
fn a_terminal_that_closes_takes_all_of_it_along() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::new();
    // A terminal that nobody else holds: closing it is what a closed window does.
    let script = "import os, pty
pid, terminal = pty.fork()
if pid == 0:
    os.execvp('authy', 'authy run --scope ci --sealed --uppercase -- sh -c'.split() + [
        'echo \"<$HTTPS_PROXY|$SSL_CERT_FILE|$$>\"; read x; sleep 1000'])
seen = b''
while b'>' not in seen:
    seen += os.read(terminal, 1000)
print(seen.decode().strip(), os.path.exists(seen.decode().split('|')[1].split('>')[0]))
os.close(terminal)
print('ended by', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let done = scene.t.program("python3", ["-c", script]).ok();
    let text = done.stdout_has("> True\n").stdout_has("ended by ").text();
    let inner = text.split_once('<').unwrap().1.split_once('>').unwrap().0;
    let [proxy, file, pid] = inner.split('|').collect::<Vec<_>>()[..] else { panic!("{inner}") };
    assert!(gone(Path::new(file).parent().unwrap()));
    assert!(gone(&Path::new("/proc").join(pid)));
    assert!(!answers(proxy));
}

#[test]
fn a_kill_of_authy_on_a_terminal_leaves_nothing() {
    let scene = Scene::new();
    let script = "echo \"<$HTTPS_PROXY|$SSL_CERT_FILE>\"; echo ready; read x";
    let mut screen = Screen::sh(&scene.t, &format!("exec {RUN} sh -c '{script}'"));
    let shown = screen.read_until("ready").replace(['\r', '\n'], "");
    let inner = shown.split_once('<').unwrap().1.split_once('>').unwrap().0;
    let (proxy, file) = inner.split_once('|').unwrap();
    assert!(answers(proxy) && Path::new(file).exists());
    signal(screen.pid(), Signal::KILL);
    assert!(gone(Path::new(file).parent().unwrap()));
    assert!(!answers(proxy));
}
