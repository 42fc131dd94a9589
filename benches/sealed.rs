//! What the proxy of a sealed run costs: the same curl to the same server, with it and without.
//!
//!     cargo bench --locked --bench sealed
//!
//! Prints a table for docs/PERFORMANCE.md. Needs curl. The server answers with TLS on this
//! machine, so client, proxy and server share its cores.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a bench that cannot go on should stop; the server is that of the tests"
)]

#[path = "../tests/cli/sealed/answers.rs"]
mod answers;
#[path = "../tests/cli/sealed/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

const AUTHY: &str = env!("CARGO_BIN_EXE_authy");
const GIB: u64 = 1 << 30;

/// What is measured: a name, the script, and how many requests or bytes it is.
struct Task {
    name: &'static str,
    script: String,
    unit: Unit,
}

enum Unit {
    Requests(u32),
    Bytes(u64),
}

fn main() {
    // `cargo test` runs benches too, to see that they start.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let world = server::World::new(None);
    let (home, roots) = (place.path().join("home"), place.path().join("roots.pem"));
    fs::create_dir(&home).unwrap();
    fs::write(&roots, &world.roots).unwrap();
    let authy = |words: &[&str], input: &str| {
        let said = start(&home, &roots, AUTHY, words, input);
        assert!(said.status.success(), "{words:?}: {}", String::from_utf8_lossy(&said.stderr));
        said
    };
    authy(&["init", "--member", "bench"], "");
    authy(&["store", "token", "--raw"], "a-value-of-forty-characters-as-they-are!");
    let host = format!("localhost:{}", world.port);
    authy(&["policy", "create", "bench", "--allow", "*", "--seal", &format!("token={host}")], "");
    println!("| the same curl | without | sealed | ratio |\n|---|---:|---:|---:|");
    let mut memory = Vec::new();
    for task in tasks(&host) {
        let Task { name, script, unit } = task;
        let mut plain = f64::MAX;
        let mut sealed = f64::MAX;
        for _ in 0..3 {
            let began = Instant::now();
            let said = start(&home, &roots, "sh", &["-c", &script], "");
            plain = plain.min(began.elapsed().as_secs_f64());
            check(&said, &script);
            let within = format!("{script}; grep VmHWM /proc/$PPID/status");
            let words = ["run", "--scope", "bench", "--sealed", "--", "sh", "-c", &within];
            // Starting the run is none of it.
            let empty = ["run", "--scope", "bench", "--sealed", "--", "true"];
            let began = Instant::now();
            authy(&empty, "");
            let starting = began.elapsed().as_secs_f64();
            let began = Instant::now();
            let said = authy(&words, "");
            sealed = sealed.min(began.elapsed().as_secs_f64() - starting);
            check(&said, &script);
            let peak = String::from_utf8_lossy(&said.stdout).into_owned();
            memory.push((name, peak.split_whitespace().nth_back(1).unwrap_or("?").to_owned()));
        }
        let shown = |seconds: f64| match unit {
            Unit::Requests(count) => format!("{:.2} ms each", seconds * 1e3 / f64::from(count)),
            #[allow(clippy::cast_precision_loss, reason = "for people")]
            Unit::Bytes(count) => format!("{:.0} MB/s", count as f64 / seconds / 1e6),
        };
        println!("| {name} | {} | {} | {:.2} |", shown(plain), shown(sealed), sealed / plain);
    }
    memory.sort();
    memory.dedup_by(|one, other| one.0 == other.0);
    for (name, peak) in memory {
        println!("peak memory of authy, {name}: {peak} kB");
    }
}

fn tasks(host: &str) -> Vec<Task> {
    let curl = "curl -sS --fail -H \"Authorization: Bearer ${token-none}\" -o /dev/null";
    // Shows how far it is even where it is told to be silent; counts what was answered.
    let many = |to: &str| {
        let each =
            format!("{curl} -Z --parallel-max 250 -w '%{http_code}\\n'", http_code = "{http_code}");
        format!("{each} \"https://{host}/echo?[1-5000]\" 2>/dev/null | grep -c '^200$' >{to}")
    };
    let many = format!(
        "({}) & {}; wait; test \"$(cat one) $(cat two)\" = '5000 5000'",
        many("one"),
        many("two")
    );
    vec![
        Task {
            name: "2,000 requests, one after another",
            script: format!("{curl} \"https://{host}/echo?[1-2000]\""),
            unit: Unit::Requests(2000),
        },
        Task {
            name: "10,000 requests, 500 connections",
            script: many,
            unit: Unit::Requests(10_000),
        },
        Task {
            name: "2 GiB down",
            script: format!("{curl} https://{host}/bytes/{}", 2 * GIB),
            unit: Unit::Bytes(2 * GIB),
        },
        Task {
            name: "2 GiB up",
            script: format!(
                "truncate -s 2G big && {curl} -T big -H 'Expect:' https://{host}/count; rm big"
            ),
            unit: Unit::Bytes(2 * GIB),
        },
    ]
}

fn check(said: &Output, script: &str) {
    let errors = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && errors.is_empty(), "{script}: {errors}");
}

fn start(home: &Path, roots: &Path, program: &str, words: &[&str], input: &str) -> Output {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(words)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("SSL_CERT_FILE", roots)
        .env("CURL_CA_BUNDLE", roots)
        .current_dir(home)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
