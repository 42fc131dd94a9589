//! Attempts at getting a value out: none may, and what was refused is on record.

use super::{Scene, clean};
use crate::harness::needs;
use crate::score::Score;

/// What has to be on record after all of them: the outcome is `denied`, the detail begins so.
const RECORDED: [&str; 11] = [
    "api.test by python3: a Host header of another host than the connection's",
    "api.test by python3: an address of another host than the connection's",
    "api.test by python3: another scheme than the connection's",
    "api.test by python3: a server name of another host than the tunnel's",
    "api.test by python3: no Host header, or several",
    "api.test by python3: a transfer coding that is not 'chunked'",
    "api.test by python3: a request that is not HTTP",
    "api.test by python3: a tunnel in a tunnel",
    "api.test by python3: place",
    "other.wild.test by python3: host",
    "the proxy by python3: a wrong credential for the proxy",
];

#[test]
fn none_gets_the_value_out() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::with(&["--seal", "api-token=api.test", "--seal", "plain=other.wild.test"]);
    let done = clean(scene.python(include_str!("attempts.py")).ok());
    let lines = done.lines();
    let attempts: Vec<&String> = lines.iter().filter(|line| line.starts_with("attempt ")).collect();
    assert!(attempts.len() > 40, "{}: {done}", attempts.len());
    let (arrived, audit) = (scene.arrived(), scene.audit());
    let mut score = Score::new("sealed: attempts at getting a value out");
    // It arrived where it may, and under no other name.
    assert!(arrived.len() > 5, "the attempts are none: {}", done.text());
    for (host, head) in &arrived {
        score.point(head, || assert_eq!(host, "api.test", "{head}"));
    }
    for expected in RECORDED {
        let is_there = |(outcome, detail): &(String, String)| {
            outcome == "denied" && detail.starts_with(expected)
        };
        score
            .point(expected, || assert!(audit.iter().any(is_there), "{audit:#?}\n{}", done.text()));
    }
    score.settle();
}
