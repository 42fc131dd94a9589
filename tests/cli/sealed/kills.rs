//! However a sealed run ends, it leaves nothing: no file, no listener, no value in the program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::{CANARY, Scene, base64};
use crate::harness::{finish, needs, signal};

/// Starts a program that prints its proxy and the file of roots, and waits for a line.
fn start(scene: &Scene) -> (std::process::Child, String, PathBuf, u32) {
    let script = "echo $HTTPS_PROXY; echo $SSL_CERT_FILE; echo $$; read x; exit 7";
    let mut child = scene.run(script).spawn();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let (proxy, file, pid) = (line(), line(), line());
    (child, proxy, file.into(), pid.parse().unwrap())
}

/// Whether the proxy of this run listens: another one may have taken its port, and has
/// another credential.
pub(super) fn answers(proxy: &str) -> bool {
    let (user, place) = proxy.strip_prefix("http://").unwrap().split_once('@').unwrap();
    let credential = base64(user);
    asked(place, &format!("Proxy-Authorization: Basic {credential}\r\n"))
        .starts_with("HTTP/1.1 400")
}

/// What whoever listens there says to a request that names no host.
fn asked(place: &str, header: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(place) {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

pub(super) fn gone(path: &Path) -> bool {
    // The second authy needs a moment to see that the first one is gone.
    for _ in 0..500 {
        if !path.exists() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    false
}

#[test]
fn while_it_runs_the_roots_are_there_and_afterwards_nothing_is() {
    let scene = Scene::new();
    let (mut child, proxy, file, _) = start(&scene);
    assert!(answers(&proxy));
    let place = proxy.split_once('@').unwrap().1;
    assert!(asked(place, "").starts_with("HTTP/1.1 407"), "without the credential");
    let roots = fs::read_to_string(&file).unwrap();
    assert!(roots.contains(&scene.world.roots[..200]), "the user's own roots are kept");
    assert_eq!(roots.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(!roots.contains("PRIVATE KEY"));
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(finish(child), 7);
    assert!(!file.exists() && !file.parent().unwrap().exists());
    assert!(!answers(&proxy));
}

#[test]
fn killed_in_any_way_it_leaves_no_file_and_no_listener() {
    for (by, code) in [(Signal::KILL, 137), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let scene = Scene::new();
        let (mut child, proxy, file, pid) = start(&scene);
        // Waiting would close it, and the program might end of that before the signal arrives.
        let _stays_open = child.stdin.take();
        signal(child.id(), by);
        assert_eq!(finish(child), code, "{by:?}");
        assert!(gone(file.parent().unwrap()), "{by:?}");
        assert!(!answers(&proxy), "{by:?}");
        if by == Signal::KILL {
            signal(pid, Signal::KILL);
        }
    }
}

#[test]
fn the_program_holds_the_value_nowhere() {
    if !needs(["python3", "curl"]) || !Path::new("/proc/self/mem").exists() {
        return;
    }
    let scene = Scene::new();
    let done = scene.python(include_str!("search.py")).ok();
    done.stdout_has("used 200").stdout_has("searched 2 processes").stdout_lacks("FOUND");
    assert_eq!(scene.arrived().len(), 1, "{CANARY} was used");
}
